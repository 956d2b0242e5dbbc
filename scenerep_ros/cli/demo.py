"""`scenerep demo`: replay a recording into the segmenter node, and store its outputs."""

from __future__ import annotations

import argparse
import re
from contextlib import closing
from pathlib import Path
from typing import Any

from scenerep_ros.backbones import load_backbone
from scenerep_ros.cli.flags.options import add_options, options_from
from scenerep_ros.cli.flags.sources import add_source_flags, source_options
from scenerep_ros.cli.flags.types import frame_count
from scenerep_ros.config.fields import changed_options
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import SourceError
from scenerep_ros.sources import open_source
from scenerep_ros.sources.timing import bounded_rate

WARNING = re.compile(r"\[(?:WARN|ERROR|FATAL)\] \[[\d.]+\] \[[^]]*\]: (.*)")
"""Line of a node's log."""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "demo", help="replay a recording into the segmenter node and store its outputs"
    )
    parser.add_argument("source", help="TUM folder, bag, image folder or video")
    parser.add_argument("--out", type=Path, default=Path("out/demo"), help="folder of the results")
    parser.add_argument(
        "--max-frames", type=frame_count, default=0, metavar="N", help="stop after N frames; 0: all"
    )
    parser.add_argument("--config", type=Path, help="YAML file of options; flags override it")
    add_source_flags(parser, topics=False)
    add_options(parser, PipelineConfig)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run both nodes over the recording and write the outputs."""
    from scenerep_ros.ros.tools.demo_outputs import DemoOutputs
    from scenerep_ros.ros.tools.session import run_session

    config = options_from(args, PipelineConfig, args.config)
    choice = source_options(args)
    source = open_source(args.source, choice)
    load_backbone(config)  # here the user sees the progress and errors of its download
    options = changed_options(config)
    total = min(len(source), args.max_frames or len(source))
    logs = args.out / "logs"
    with closing(DemoOutputs(args.out, bounded_rate(source.rate), total)) as outputs:
        report = run_session(
            args.source, options, outputs.handlers(), logs, args.max_frames, choice
        )
    report.write(args.out / "report.json")
    print(f"{report}\nwritten to {args.out}")
    if not report.frames.segmented:
        raise SourceError(
            f"{args.source}: none of its {report.frames.published} published frames was segmented: "
            f"{last_warning(logs / 'segmenter.log') or 'no reason was logged'}; see {logs}"
        )
    return 0


def last_warning(path: Path) -> str:
    """Return the last warning or error in the log of a node, without level, time and name."""
    lines = path.read_text(errors="replace").splitlines()
    return next((match[1] for line in reversed(lines) if (match := WARNING.match(line))), "")
