"""`scenerep bench`: where a frame's time goes, in the real nodes, beside the bare backbone."""

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
from scenerep_ros.filesystem.share import share_folder
from scenerep_ros.report import format_latency, median_and_p95
from scenerep_ros.sources import open_source

SAMPLE = "test/data/tabletop"
KMEANS_SIZE = (644, 476)
"""Width and height, pixels: a grid of 34x46 with patches of 14 pixels."""
OUTPUTS = ("labels", "overlay", "points", "points_colored", "objects")
"""Outputs that are subscribed, and so computed, while the node is measured."""


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser("bench", help="measure every stage, in one run")
    parser.add_argument("source", nargs="?", help="recording; default: the embedded sample")
    parser.add_argument(
        "--frames", type=int, default=60, metavar="N", help="frames to measure, or sweeps"
    )
    parser.add_argument("--kmeans", action="store_true", help="K-Means beside scikit-learn, alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as well")
    parser.add_argument("--config", type=Path, help="YAML file of options; flags win over it")
    add_options(parser, PipelineConfig)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure what the flags name, print it, and write it on demand."""
    config = options_from(args, PipelineConfig, args.config)
    source = args.source or str(share_folder() / SAMPLE)
    measure = measure_kmeans if args.kmeans else measure_stages
    figures = {"machine": machine(), **measure(source, config, args.frames)}
    print(kmeans_text(figures) if args.kmeans else stages_text(figures))
    if args.json:
        write_atomically(args.json, (json.dumps(figures, indent=2) + "\n").encode())
    return 0


def measure_stages(source: str, config: PipelineConfig, frames: int) -> dict[str, Any]:
    """Measure the node over DDS, then the backbone by itself on the same frames."""
    return {
        "node": measure_node(source, config, frames),
        "bare_backbone": measure_backbone(source, config, frames),
    }


def measure_kmeans(source: str, config: PipelineConfig, frames: int) -> dict[str, Any]:
    """Sweep k over the features of the first frame, `frames` times."""
    frame = next(iter(open_source(source)))
    image = np.asarray(cv2.resize(frame.color, KMEANS_SIZE), np.uint8)
    grid = load_backbone(config)(image, min(KMEANS_SIZE)).grid.cpu().numpy()
    return {"kmeans": kmeans_benchmark(grid, config.clustering.seed, frames)}


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "processor": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def measure_node(source: str, config: PipelineConfig, frames: int) -> dict[str, Any]:
    """Run the recording through the nodes with all outputs subscribed; returns the report."""
    from scenerep_ros.ros.tools.session import run_session  # needs ROS

    options = changed_options(config)
    handlers = dict.fromkeys(OUTPUTS, lambda _: None)
    with tempfile.TemporaryDirectory() as logs:
        return asdict(run_session(source, options, handlers, Path(logs), frames))


def measure_backbone(source: str, config: PipelineConfig, frames: int) -> dict[str, float]:
    """Time of the backbone alone, milliseconds a frame."""
    backbone = load_backbone(config)
    times = []
    for frame in islice(open_source(source), frames):
        start = time.perf_counter()
        backbone(frame.color, config.resolution).grid.sum().item()
        times.append((time.perf_counter() - start) * 1e3)
    return median_and_p95(times)


def stages_text(figures: dict[str, Any]) -> str:
    """Return measure_stages' figures for the terminal."""
    node = figures["node"]
    alone = figures["bare_backbone"]["median"]
    lines = [
        f"{node['backbone']}, {node['method']}, {node['device']}; {figures['machine']}",
        f"node over DDS, {node['frames']['segmented']} frames, all outputs subscribed:",
        format_latency(node["latency_ms"]),
        f"overhead is all but waiting and the backbone; the bare backbone alone took {alone:.1f} ms",
    ]
    return "\n".join(lines)


def kmeans_text(figures: dict[str, Any]) -> str:
    """Return measure_kmeans' figures for the terminal."""
    sweep = figures["kmeans"]
    times, worst = sweep["milliseconds"], max(sweep["inertia_ratio"])
    size = "x".join(map(str, sweep["grid"]))
    return (
        f"K-Means with knee, k = {sweep['sizes'][0]}..{sweep['sizes'][-1]}, grid {size}, "
        f"{sweep['threads']} threads: {times['ours']:.1f} ms; scikit-learn {sweep['sklearn']}: "
        f"{times['sklearn']:.1f} ms; {sweep['ratio']:.1f} times faster; "
        f"inertia at most {worst:.4f} of scikit-learn's at any k"
    )
