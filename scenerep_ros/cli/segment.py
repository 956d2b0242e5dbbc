"""`scenerep segment`: the pipeline over a recording, without ROS."""

from __future__ import annotations

import argparse
from itertools import islice
from pathlib import Path
from typing import Any

from tqdm import tqdm

from scenerep_ros.cli.flags import add_options, options_from
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import SourceError
from scenerep_ros.pipeline import Pipeline
from scenerep_ros.report import RunLog
from scenerep_ros.sinks import AttentionSink, CloudSink, CompositeSink, LabelSink, OverlayVideoSink
from scenerep_ros.sources import Source, open_source


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser("segment", help="segment a recording into a folder")
    parser.add_argument("source", help="TUM folder, bag, image folder or video")
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--clouds", action="store_true", help="write clouds/NAME.ply as well")
    parser.add_argument("--attention", action="store_true", help="write attention/NAME.png as well")
    parser.add_argument("--max-frames", type=int, metavar="N", help="stop after so many frames")
    parser.add_argument("--config", type=Path, help="YAML file of options; flags win over it")
    add_options(parser, PipelineConfig)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Segment every frame and leave report.json."""
    config = options_from(args, PipelineConfig, args.config)
    source = open_source(args.source)
    pipeline = Pipeline(config)
    with CompositeSink(chosen_sinks(args, source.rate)) as sinks:
        log = segment_all(source, pipeline, sinks, args.max_frames)
    if not log.timings:
        raise SourceError(f"{args.source}: none of its {len(source)} frames could be read")
    report = log.report(len(source.skipped), pipeline)
    report.write(args.out / "report.json")
    print(f"{report}\nwritten to {args.out}")
    return 0


def chosen_sinks(args: argparse.Namespace, rate: float) -> list[Any]:
    """Return the writers that the flags ask for."""
    sinks: list[Any] = [LabelSink(args.out), OverlayVideoSink(args.out / "overlay.mp4", rate)]
    if args.clouds:
        sinks.append(CloudSink(args.out))
    if args.attention:
        sinks.append(AttentionSink(args.out))
    return sinks


def segment_all(
    source: Source, pipeline: Pipeline, sinks: CompositeSink, max_frames: int | None
) -> RunLog:
    """Run the pipeline over the source."""
    log = RunLog()
    total = min(len(source), max_frames or len(source))
    for frame in tqdm(islice(source, max_frames), total=total, unit="frame", desc=source.name):
        scene = pipeline(frame)
        sinks.write(frame, scene)
        log.add(scene)
    return log
