"""`scenerep demo`: a recording through the real nodes over DDS, and pictures of what came out."""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path
from typing import Any

from scenerep_ros.backbones import load_backbone
from scenerep_ros.cli.flags import add_options, options_from
from scenerep_ros.config.fields import changed_options
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.sources import open_source


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "demo", help="replay a recording into the node, keep the results"
    )
    parser.add_argument("source", help="TUM folder, bag, image folder or video")
    parser.add_argument("--out", type=Path, default=Path("out/demo"), help="folder for the results")
    parser.add_argument("--max-frames", type=int, default=0, metavar="N", help="stop after so many")
    parser.add_argument("--config", type=Path, help="YAML file of options; flags win over it")
    add_options(parser, PipelineConfig)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run both nodes over the recording and leave the results."""
    from scenerep_ros.ros.tools.demo_outputs import DemoOutputs
    from scenerep_ros.ros.tools.session import run_session

    config = options_from(args, PipelineConfig, args.config)
    source = open_source(args.source)
    load_backbone(config)  # here its download shows its progress, and here its errors are read
    options = changed_options(config)
    total = min(len(source), args.max_frames or len(source))
    with closing(DemoOutputs(args.out, source.rate, total)) as outputs:
        logs = args.out / "logs"
        report = run_session(args.source, options, outputs.handlers(), logs, args.max_frames)
    report.write(args.out / "report.json")
    print(f"{report}\nwritten to {args.out}")
    return 0
