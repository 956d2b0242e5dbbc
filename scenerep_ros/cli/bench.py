"""`scenerep bench`: latency of each stage in the nodes, and of the backbone alone."""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from scenerep_ros.backbones import load_backbone
from scenerep_ros.cli.flags import add_options, options_from
from scenerep_ros.cli.kmeans_benchmark import kmeans_benchmark
from scenerep_ros.config.fields import changed_options
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_ros.filesystem.share import sample_sequence
from scenerep_ros.report import format_latency, median_and_p95
from scenerep_ros.sources import open_source

KMEANS_IMAGE_SIZE = (644, 476)
"""Width and height of the network input [px]: a grid of 34x46 patches of 14 px."""
OUTPUTS = ("labels", "overlay", "points", "points_colored", "objects")
"""Outputs with a subscriber, which the node therefore computes, during the measurement."""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("bench", help="measure the latency of each stage")
    parser.add_argument("source", nargs="?", help="recording; default: the sample sequence")
    parser.add_argument(
        "--frames", type=int, default=60, metavar="N", help="number of frames, or of sweeps"
    )
    parser.add_argument(
        "--kmeans",
        action="store_true",
        help="compare only K-Means, with scikit-learn's (needs the extra `bench`)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures as JSON")
    parser.add_argument("--config", type=Path, help="YAML file of options; flags override it")
    add_options(parser, PipelineConfig)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure what the flags select; print the figures, and write them if requested."""
    config = options_from(args, PipelineConfig, args.config)
    source = args.source or str(sample_sequence())
    measure = measure_kmeans if args.kmeans else measure_stages
    figures = {"machine": describe_machine(), **measure(source, config, args.frames)}
    print(format_kmeans(figures) if args.kmeans else format_stages(figures))
    if args.json:
        write_atomically(args.json, (json.dumps(figures, indent=2) + "\n").encode())
    return 0


def measure_stages(source: str, config: PipelineConfig, frames: int) -> dict[str, Any]:
    """Measure the node over DDS, then the backbone alone on the same frames."""
    return {
        "node": measure_node(source, config, frames),
        "bare_backbone": measure_backbone(source, config, frames),
    }


def measure_kmeans(source: str, config: PipelineConfig, sweeps: int) -> dict[str, Any]:
    """Measure sweeps over the number of clusters, on the features of the first frame."""
    frame = next(iter(open_source(source)))
    image = np.asarray(cv2.resize(frame.color, KMEANS_IMAGE_SIZE), np.uint8)
    grid = load_backbone(config)(image, min(KMEANS_IMAGE_SIZE)).grid.cpu().numpy()
    return {"kmeans": kmeans_benchmark(grid, config.clustering.seed, sweeps)}


def describe_machine() -> dict[str, Any]:
    """Return the properties of the machine that determine the figures."""
    return {
        "processor": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def measure_node(source: str, config: PipelineConfig, frames: int) -> dict[str, Any]:
    """Return the report of the nodes on a recording, with a subscriber of each output."""
    from scenerep_ros.ros.tools.session import run_session  # needs ROS

    options = changed_options(config)
    handlers = dict.fromkeys(OUTPUTS, lambda _: None)
    with tempfile.TemporaryDirectory() as logs:
        return asdict(run_session(source, options, handlers, Path(logs), frames))


def measure_backbone(source: str, config: PipelineConfig, frames: int) -> dict[str, float]:
    """Return median and 95th percentile of the backbone's time per frame [ms]."""
    backbone = load_backbone(config)
    times_ms = []
    for frame in islice(open_source(source), frames):
        start = time.perf_counter()
        backbone(frame.color, config.resolution).grid.sum().item()  # waits for the device
        times_ms.append((time.perf_counter() - start) * 1e3)
    return median_and_p95(times_ms)


def format_stages(figures: dict[str, Any]) -> str:
    """Format the figures of `measure_stages` for the terminal."""
    node = figures["node"]
    backbone_ms = figures["bare_backbone"]["median"]
    lines = [
        f"{node['backbone']}, {node['method']}, {node['device']}; {figures['machine']}",
        f"node over DDS, {node['frames']['segmented']} frames, all outputs subscribed:",
        format_latency(node["latency_ms"]),
        "overhead is the sum of all stages but waiting and the backbone; "
        f"the backbone alone took {backbone_ms:.1f} ms",
    ]
    return "\n".join(lines)


def format_kmeans(figures: dict[str, Any]) -> str:
    """Format the figures of `measure_kmeans` for the terminal."""
    sweep = figures["kmeans"]
    times, max_inertia_ratio = sweep["milliseconds"], max(sweep["inertia_ratio"])
    size = "x".join(map(str, sweep["grid"]))
    return (
        f"K-Means with knee, k = {sweep['sizes'][0]}..{sweep['sizes'][-1]}, grid {size}, "
        f"{sweep['threads']} threads: {times['ours']:.1f} ms; scikit-learn {sweep['sklearn']}: "
        f"{times['sklearn']:.1f} ms; {sweep['ratio']:.1f} times faster; "
        f"inertia at most {max_inertia_ratio:.4f} of scikit-learn's at any k"
    )
