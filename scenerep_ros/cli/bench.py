"""`scenerep bench`: runtimes, pipeline, node and yardsticks, interleaved in one run."""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from scenerep_ros.backbones import load_backbone
from scenerep_ros.backbones.weights.packaged import candidate_backbones
from scenerep_ros.benchmark.kmeans import kmeans_benchmark
from scenerep_ros.benchmark.load import burning_cores
from scenerep_ros.benchmark.passes import PassTimes, measure_interleaved
from scenerep_ros.benchmark.plot import write_plot
from scenerep_ros.benchmark.runtimes import runtime_candidates
from scenerep_ros.benchmark.yardsticks import yardsticks
from scenerep_ros.cli.flags.options import add_options, options_from
from scenerep_ros.cli.flags.sources import add_source_flags, source_options
from scenerep_ros.cli.flags.types import positive_count
from scenerep_ros.config.fields import changed_options
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import SourceError
from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_ros.filesystem.share import sample_sequence
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.pipeline import Pipeline
from scenerep_ros.report import format_latency, summarize_latency
from scenerep_ros.sources import Source, open_source
from scenerep_ros.sources.options import SourceOptions

KMEANS_IMAGE_SIZE = (644, 476)
"""Width and height of the network input [px]: a grid of 34x46 patches of 14 px."""
OUTPUTS = ("labels", "overlay", "points", "points_colored", "objects")
"""Outputs with a subscriber, which the node therefore computes, during the measurement."""
PIPELINE = "pipeline"


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("bench", help="measure runtimes, pipeline, node and yardsticks")
    parser.add_argument("source", nargs="?", help="recording; default: the sample sequence")
    parser.add_argument(
        "--frames",
        type=positive_count,
        default=60,
        metavar="N",
        help="number of frames, or of sweeps",
    )
    parser.add_argument(
        "--load", type=int, default=0, metavar="N", help="keep N cores busy meanwhile"
    )
    parser.add_argument(
        "--export",
        action="append",
        default=[],
        metavar="FOLDER",
        help="also measure a network that `scenerep export` wrote; may be repeated",
    )
    parser.add_argument(
        "--node",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="also measure the node over DDS, before and after the rest (needs ROS)",
    )
    parser.add_argument(
        "--kmeans",
        action="store_true",
        help="compare only K-Means, with scikit-learn's (needs the extra `bench`)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures as JSON")
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="also plot them (needs the extra `bench`)"
    )
    parser.add_argument("--config", type=Path, help="YAML file of options; flags override it")
    add_source_flags(parser, topics=False)
    add_options(parser, PipelineConfig)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure what the flags select; print the figures, and write them if requested."""
    config = options_from(args, PipelineConfig, args.config)
    source, choice = args.source or str(sample_sequence()), source_options(args)
    figures = {"machine": describe_machine(), "load": args.load}
    with burning_cores(args.load):
        if args.kmeans:
            figures |= measure_kmeans(open_source(source, choice), config, args.frames)
        else:
            figures |= measure_stages(source, choice, config, args)
    print(format_kmeans(figures) if args.kmeans else format_stages(figures))
    if args.json:
        write_atomically(args.json, (json.dumps(figures, indent=2) + "\n").encode())
    if args.plot and not args.kmeans:
        write_plot(args.plot, plotted_groups(figures))
    return 0


def read_frames(source: Source, count: int) -> list[RGBDFrame]:
    """Read the first readable frames, at most `count`.

    Raises:
        SourceError: if there is none.
    """
    frames = list(islice(source, count))
    if not frames:
        raise SourceError(f"{source.format_name} {source.name}: no readable frame")
    return frames


def measure_stages(
    source: str, choice: SourceOptions, config: PipelineConfig, args: argparse.Namespace
) -> dict[str, Any]:
    """Measure rounds of runtimes, pipeline and yardsticks; the node before and after them."""
    configs = [
        config.model_copy(update={"backbone": backbone}) for backbone in candidate_backbones(config)
    ]

    def measure_nodes(when: str) -> list[dict[str, Any]]:
        return [
            {"backbone": item.backbone, "when": when}
            | measure_node(source, choice, item, args.frames)
            for item in configs
        ]

    sessions = measure_nodes("before") if args.node else []
    rounds = measure_rounds(open_source(source, choice), config, args.frames, args.export)
    sessions += measure_nodes("after") if args.node else []
    return {"node": sessions, **rounds}


def measure_rounds(
    source: Source, config: PipelineConfig, rounds: int, exports: list[str]
) -> dict[str, Any]:
    """Run every runtime, the pipeline and every yardstick once in each round.

    Returns:
        Summaries by name: `runtimes`, `yardsticks`, `pipeline`; and `stages` of the pipeline.
    """
    frames = read_frames(source, rounds)
    runtimes, works = runtime_candidates(config, exports), yardsticks()
    pipeline, stages = Pipeline(config), []

    def segment(frame: RGBDFrame) -> None:
        stages.append(pipeline(frame).timings)

    times = measure_interleaved({**runtimes, PIPELINE: segment, **works}, frames, rounds)
    return {
        "backbone": pipeline.backbone.name,
        "runtime": pipeline.backbone.runtime,
        "runtimes": _summaries(times, runtimes),
        "pipeline": times[PIPELINE].summary(),
        "stages": summarize_latency(stages[-rounds:]),
        "yardsticks": _summaries(times, works),
    }


def _summaries(times: Mapping[str, PassTimes], names: Mapping[str, Any]) -> dict[str, Any]:
    return {name: times[name].summary() for name in names}


def measure_kmeans(source: Source, config: PipelineConfig, sweeps: int) -> dict[str, Any]:
    """Measure sweeps over the number of clusters, on the features of the first frame."""
    (frame,) = read_frames(source, 1)
    image = np.asarray(cv2.resize(frame.color, KMEANS_IMAGE_SIZE), np.uint8)
    grid = load_backbone(config)(image, min(KMEANS_IMAGE_SIZE)).grid
    return {"kmeans": kmeans_benchmark(grid, config.clustering.seed, sweeps)}


def describe_machine() -> dict[str, Any]:
    """Return the properties of the machine that determine the figures."""
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "load_average": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        **_describe_torch(),
    }


def _describe_torch() -> dict[str, Any]:
    """Return the properties of torch; none if it is not installed."""
    if find_spec("torch") is None:
        return {}
    import torch

    return {
        "threads": torch.get_num_threads(),
        "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "torch": torch.__version__,
    }


def measure_node(
    source: str, choice: SourceOptions, config: PipelineConfig, frames: int
) -> dict[str, Any]:
    """Return the report of the nodes on a recording, with a subscriber of each output."""
    from scenerep_ros.ros.tools.session import run_session  # needs ROS

    options = changed_options(config)
    handlers = dict.fromkeys(OUTPUTS, lambda _: None)
    with tempfile.TemporaryDirectory() as logs:
        return asdict(run_session(source, options, handlers, Path(logs), frames, choice))


def format_stages(figures: dict[str, Any]) -> str:
    """Format the figures of `measure_stages` for the terminal."""
    lines = [f"{figures['backbone']}, {figures['runtime']}; {figures['machine']}"]
    lines += ["", "forward pass, interleaved:", *_format_passes(figures["runtimes"])]
    lines += ["", "pipeline in this process:", *_format_passes({PIPELINE: figures["pipeline"]})]
    lines += [format_latency(figures["stages"])]
    lines += ["", "yardsticks:", *_format_passes(figures["yardsticks"])]
    for session in figures["node"]:
        count, fps = session["frames"]["segmented"], session["fps"]
        node = f"node over DDS {session['when']} that, {session['backbone']}"
        lines += ["", f"{node}, {count} frames, all outputs, {fps:.1f} frames/s:"]
        lines += [format_latency(session["latency_ms"])]
    if figures["node"]:
        lines += ["overhead is the sum of all stages but waiting and the backbone"]
    return "\n".join(lines)


def _format_passes(passes: Mapping[str, Mapping[str, float]]) -> list[str]:
    width = max(map(len, passes), default=0)
    lines = [f"{'':<{width}}{'min':>9}{'median':>9}{'p95':>9}{'CPU':>9}  ms"]
    for name, times in passes.items():
        values = "".join(f"{times[key]:>9.1f}" for key in ("min", "median", "p95", "cpu"))
        lines.append(f"{name:<{width}}{values}")
    return lines


def plotted_groups(figures: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Return the median times of each bar chart [ms]."""
    groups = {
        "forward pass": figures["runtimes"],
        f"stages of the pipeline, {figures['runtime']}": figures["stages"],
        "yardsticks": figures["yardsticks"],
    }
    # The later session of each backbone replaces the earlier one.
    for session in figures["node"]:
        groups[f"node over DDS, {session['backbone']}"] = session["latency_ms"]
    return {
        title: {name: values["median"] for name, values in passes.items()}
        for title, passes in groups.items()
    }


def format_kmeans(figures: dict[str, Any]) -> str:
    """Format the figures of `measure_kmeans` for the terminal."""
    sweep = figures["kmeans"]
    times, max_inertia_ratio = sweep["milliseconds"], max(sweep["inertia_ratio"])
    size = "x".join(map(str, sweep["grid"]))
    return (
        f"K-Means with knee, k = {sweep['sizes'][0]}..{sweep['sizes'][-1]}, grid {size}: "
        f"{times['ours']:.1f} ms; scikit-learn {sweep['sklearn']}: "
        f"{times['sklearn']:.1f} ms; {sweep['ratio']:.1f} times faster; "
        f"inertia at most {max_inertia_ratio:.4f} of scikit-learn's at any k"
    )
