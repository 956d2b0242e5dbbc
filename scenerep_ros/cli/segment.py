"""`scenerep segment`: segment a recording without ROS."""

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
    """Add the subcommand."""
    parser = subparsers.add_parser("segment", help="segment a recording and write the results")
    parser.add_argument("source", help="TUM folder, bag, image folder or video")
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    parser.add_argument("--clouds", action="store_true", help="also write clouds/NAME.ply")
    parser.add_argument("--attention", action="store_true", help="also write attention/NAME.png")
    parser.add_argument("--max-frames", type=int, metavar="N", help="stop after N frames")
    parser.add_argument("--config", type=Path, help="YAML file of options; flags override it")
    add_options(parser, PipelineConfig)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Segment each frame; write the results and report.json."""
    config = options_from(args, PipelineConfig, args.config)
    source = open_source(args.source)
    pipeline = Pipeline(config)
    with CompositeSink(build_sinks(args, source.rate)) as sinks:
        log = segment_frames(source, pipeline, sinks, args.max_frames)
    if not log.timings:
        raise SourceError(f"{args.source}: none of its {len(source)} frames could be read")
    report = log.report(len(source.skipped), pipeline)
    report.write(args.out / "report.json")
    print(f"{report}\nwritten to {args.out}")
    return 0


def build_sinks(args: argparse.Namespace, rate: float) -> list[Any]:
    """Return the sinks that the flags select, for a recording of a frame rate [Hz]."""
    sinks: list[Any] = [LabelSink(args.out), OverlayVideoSink(args.out / "overlay.mp4", rate)]
    if args.clouds:
        sinks.append(CloudSink(args.out))
    if args.attention:
        sinks.append(AttentionSink(args.out))
    return sinks


def segment_frames(
    source: Source, pipeline: Pipeline, sinks: CompositeSink, max_frames: int | None
) -> RunLog:
    """Segment the frames of a source with a progress bar, and write them to the sinks."""
    log = RunLog()
    total = min(len(source), max_frames or len(source))
    for frame in tqdm(islice(source, max_frames), total=total, unit="frame", desc=source.name):
        scene = pipeline(frame)
        sinks.write(frame, scene)
        log.add(scene)
    return log
