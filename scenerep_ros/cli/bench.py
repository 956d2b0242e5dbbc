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

import torch

from scenerep_ros.backbones import load_backbone
from scenerep_ros.cli.flags import add_options, options_from
from scenerep_ros.config import PipelineConfig
from scenerep_ros.files import write_aside
from scenerep_ros.report import latency_text, percentiles
from scenerep_ros.share import share_folder
from scenerep_ros.sources import open_source

SAMPLE = "test/data/tabletop"
OUTPUTS = ("labels", "overlay", "points", "points_colored", "objects")
"""Outputs that are subscribed, and so computed, while the node is measured."""


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser("bench", help="measure every stage, in one run")
    parser.add_argument("source", nargs="?", help="recording; default: the embedded sample")
    parser.add_argument("--frames", type=int, default=60, metavar="N", help="frames to measure")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as well")
    parser.add_argument("--config", type=Path, help="YAML file of options; flags win over it")
    add_options(parser, PipelineConfig)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure the node over DDS, then the backbone by itself on the same frames."""
    config = options_from(args, PipelineConfig, args.config)
    source = args.source or str(share_folder() / SAMPLE)
    figures = {
        "machine": machine(),
        "node": measure_node(source, config, args.frames),
        "bare_backbone": measure_backbone(source, config, args.frames),
    }
    print(text(figures))
    if args.json:
        write_aside(args.json, (json.dumps(figures, indent=2) + "\n").encode())
    return 0


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
    from scenerep_ros.ros.session import run_session  # needs ROS

    options = config.model_dump(exclude_defaults=True)
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
    return percentiles(times)


def text(figures: dict[str, Any]) -> str:
    """Return the figures for the terminal."""
    node = figures["node"]
    lines = [
        f"{node['backbone']}, {node['method']}, {node['device']}; {figures['machine']}",
        f"node over DDS, {node['frames']['segmented']} frames, all outputs subscribed:",
        latency_text(node["latency_ms"]),
        f"bare backbone, same frames, a process of its own: {figures['bare_backbone']['median']:.1f} ms",
    ]
    return "\n".join(lines)
