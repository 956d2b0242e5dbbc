"""`scenerep segment`: segment recordings without ROS."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from tqdm import tqdm

from scenerep_ros.cli.exit_code import FAILED
from scenerep_ros.cli.flags.options import add_options, options_from
from scenerep_ros.cli.flags.sources import add_source_flags, recording_paths, source_options
from scenerep_ros.cli.flags.types import frame_count
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import ConfigError, FrameError, ScenerepError, SourceError
from scenerep_ros.filesystem.results import REPORT_NAME, VIDEO_NAME, prepare_results
from scenerep_ros.pipeline import Pipeline
from scenerep_ros.report import RunLog
from scenerep_ros.sinks import AttentionSink, CloudSink, CompositeSink, LabelSink, OverlayVideoSink
from scenerep_ros.sinks.rerun import RerunSink, import_rerun
from scenerep_ros.sources import Source, open_source
from scenerep_ros.sources.frame_names import UniqueNames, safe_name
from scenerep_ros.sources.timing import bounded_rate

log = logging.getLogger(__name__)


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("segment", help="segment a recording and write the results")
    parser.add_argument(
        "source",
        help="TUM folder, bag, image folder or video; or a folder of recordings, whose results get a "
        "folder each",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="folder of the results; it replaces those of an earlier run",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="also replace results of an interrupted run"
    )
    parser.add_argument("--clouds", action="store_true", help="also write clouds/NAME.ply")
    parser.add_argument("--attention", action="store_true", help="also write attention/NAME.png")
    parser.add_argument(
        "--rerun",
        type=Path,
        metavar="FILE",
        help="also write color, labels, cloud, boxes and ids to an .rrd file for the Rerun viewer (needs "
        "the extra `rerun`)",
    )
    parser.add_argument(
        "--max-frames",
        type=frame_count,
        default=0,
        metavar="N",
        help="stop after N frames; 0: all (default: %(default)s)",
    )
    parser.add_argument(
        "--config", type=Path, help="YAML file of options, also that of the node; flags override it"
    )
    add_source_flags(parser)
    add_options(parser, PipelineConfig)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Segment each frame of each recording; write the results and report.json.

    Returns:
        1 if one of several recordings failed, else 0.
    """
    config = options_from(args, PipelineConfig, args.config)
    options = source_options(args)
    paths = recording_paths(args.source)
    if args.rerun and len(paths) > 1:
        raise ConfigError(
            f"{args.source}: holds {len(paths)} recordings; --rerun takes one, so name one of them"
        )
    if args.rerun:
        import_rerun()  # before an earlier run's results are removed
    sources = [open_source(path, options) for path in paths] if len(paths) == 1 else None
    pipeline = Pipeline(config)
    if sources is not None:
        segment_recording(sources[0], pipeline, args, args.out)
        return 0
    return _segment_all(paths, pipeline, args)


def _segment_all(paths: Sequence[Path], pipeline: Pipeline, args: argparse.Namespace) -> int:
    """Segment several recordings, each into a folder of its name; report those that fail."""
    options, unique, failures = source_options(args), UniqueNames(), 0
    for path in paths:
        out = args.out / unique(safe_name(path.stem))
        pipeline.reset()
        try:
            segment_recording(open_source(path, options), pipeline, args, out)
        except ScenerepError as error:
            failures += 1
            log.error("%s", error)
    print(f"{len(paths) - failures} of {len(paths)} recordings segmented")
    return FAILED if failures else 0


def segment_recording(
    source: Source, pipeline: Pipeline, args: argparse.Namespace, out: Path
) -> None:
    """Segment one recording into a folder.

    Raises:
        SourceError: if no frame could be segmented.
        ScenerepError: if the results cannot be written.
    """
    prepare_results(out, args.overwrite)
    with CompositeSink(build_sinks(args, out, source.rate)) as sinks:
        run_log = segment_frames(source, pipeline, sinks, args.max_frames)
    if not run_log.timings:
        raise SourceError(
            f"{source.name}: none of its {len(source)} frames could be segmented"
            + (f"; {source.skipped[0].name}: {source.skipped[0].reason}" if source.skipped else "")
        )
    report = run_log.report(len(source.skipped) - len(run_log.refused), pipeline)
    report.write(out / REPORT_NAME)
    print(f"{report}\nwritten to {out}")


def build_sinks(args: argparse.Namespace, out: Path, rate: float) -> list[Any]:
    """Return the sinks that the flags select, for a recording of a frame rate [Hz]."""
    sinks: list[Any] = [LabelSink(out), OverlayVideoSink(out / VIDEO_NAME, bounded_rate(rate))]
    if args.clouds:
        sinks.append(CloudSink(out))
    if args.attention:
        sinks.append(AttentionSink(out))
    if args.rerun:
        sinks.append(RerunSink(args.rerun, out.name))
    return sinks


def segment_frames(
    source: Source, pipeline: Pipeline, sinks: CompositeSink, max_frames: int
) -> RunLog:
    """Segment the frames of a source with a progress bar, and write them to the sinks.

    A frame that the pipeline refuses is skipped, as an unreadable one. Frames of equal name get a
    number, so that none replaces the results of another.

    Args:
        source: recording.
        pipeline: pipeline without state of another recording.
        sinks: writers of the results.
        max_frames: number of frames after which to stop; 0: all.
    """
    run_log, unique = RunLog(), UniqueNames()
    frames = islice(source, max_frames or None)
    total = min(len(source), max_frames or len(source))
    for frame in tqdm(frames, total=total, unit="frame", desc=source.name):
        frame = replace(frame, name=unique(safe_name(frame.name)))
        try:
            scene = pipeline(frame)
        except FrameError as error:
            source.skip(frame.name, str(error))
            run_log.add_refused(frame.name, str(error))
            continue
        sinks.write(frame, scene)
        run_log.add(scene)
    return run_log
