"""`scenerep export`: write a backbone for one runtime and precision, and verify it."""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from scenerep_ros.cli.flags.options import add_options, options_from
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import ConfigError, SourceError
from scenerep_ros.export.folder import PARITY_NAME, export_folder
from scenerep_ros.filesystem.atomic import atomic_folder
from scenerep_ros.filesystem.share import sample_sequence
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.sources import open_source

FORMATS = ("openvino", "onnx", "tensorrt")
PRECISIONS = ("fp32", "fp16", "bf16", "int8")
RUNTIMES = {"openvino": "openvino", "onnx": "onnxruntime", "tensorrt": "tensorrt"}
"""Runtime that verifies each format."""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "export", help="write the backbone for one runtime and precision, and verify it"
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="folder of the export; default: one in the cache, where `target_rate` finds it",
    )
    parser.add_argument("--format", choices=FORMATS, default="openvino", help="(%(default)s)")
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="fp32",
        dest="export_precision",
        help="(%(default)s)",
    )
    parser.add_argument(
        "--calibration",
        metavar="RECORDING",
        help="recording for int8 and for the report; default: the sample sequence",
    )
    parser.add_argument(
        "--frames",
        type=int,
        default=20,
        metavar="N",
        help="number of frames for calibration, and of others for the report (%(default)s)",
    )
    parser.add_argument("--config", type=Path, help="YAML file of options; flags override it")
    add_options(parser, PipelineConfig, skip=("precision", "runtime"))
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Export, compare with fp32 torch, and write the folder if the parity suffices.

    Raises:
        ConfigError: if the export is below the floor; it names the layer that breaks it.
    """
    config = options_from(args, PipelineConfig, args.config)
    if args.frames < 1:
        raise ConfigError(f"--frames {args.frames}: at least one frame is needed")
    calibration, verification = split_frames(
        args.calibration or str(sample_sequence()), args.frames
    )
    out = args.out or export_folder(config.backbone, args.export_precision, args.format)
    with (
        atomic_folder(out, is_export) as content,
        tempfile.TemporaryDirectory(prefix="scenerep-export-") as temporary,
    ):
        folder = export_verified(args, config, calibration, verification, Path(temporary))
        copy_files(folder, content)
    print(f"written to {out}; run it with --weights {out}")
    return 0


def copy_files(folder: Path, target: Path) -> None:
    """Copy a folder; unlike copytree, raise the OSError of the first file that cannot be written."""
    for path in sorted(folder.rglob("*")):
        copy = target / path.relative_to(folder)
        if path.is_dir():
            copy.mkdir()
        else:
            shutil.copy2(path, copy)


def is_export(folder: Path) -> bool:
    """Return whether a folder holds an export, which a new one may replace."""
    return (folder / PARITY_NAME).is_file()


def split_frames(source: str, count: int) -> tuple[list[RGBDFrame], list[RGBDFrame]]:
    """Return frames for calibration and others for verification, evenly spaced in turn.

    Raises:
        SourceError: if the recording has fewer than two frames.
    """
    recording = open_source(source)
    if len(recording) < 2:  # noqa: PLR2004
        raise SourceError(f"{source}: has {len(recording)} frames; export needs two")
    wanted = np.linspace(0, len(recording) - 1, min(2 * count, len(recording))).astype(int)
    frames = [recording[int(index)] for index in np.unique(wanted)]
    return frames[::2], frames[1::2]


def export_verified(
    args: argparse.Namespace,
    config: PipelineConfig,
    calibration: Sequence[RGBDFrame],
    verification: Sequence[RGBDFrame],
    temporary: Path,
) -> Path:
    """Export to a temporary folder, print the parity and return the folder.

    Raises:
        ConfigError: if the export is below the floor.
    """
    from scenerep_ros.backbones import load_backbone
    from scenerep_ros.backbones.runtimes.loading import export_fp32
    from scenerep_ros.export.conversion import convert_graph
    from scenerep_ros.export.layers import find_breaking_layer
    from scenerep_ros.export.parity import measure_parity

    exact, folder = temporary / "fp32", temporary / args.format
    exact.mkdir()
    folder.mkdir()
    reference_graph = export_fp32(config, exact)
    inputs = _graph_inputs(reference_graph, calibration, config.resolution)
    graph = convert_graph(reference_graph, folder, args.format, args.export_precision, inputs)
    updates = {"weights": str(folder), "runtime": RUNTIMES[args.format]}
    if args.format == "tensorrt" and args.export_precision != "int8":
        updates["precision"] = args.export_precision
    candidate = load_backbone(config.model_copy(update=updates))
    torch_options = {"runtime": "torch", "precision": "fp32"}
    reference = load_backbone(config.model_copy(update=torch_options))
    parity = measure_parity(candidate, reference, verification, config)
    report = {"runtime": candidate.runtime, "format": args.format, **asdict(parity)}
    print("\n".join(f"{name.replace('_', ' '):<24}{value}" for name, value in report.items()))
    if problems := parity.problems():
        (first, *_) = _graph_inputs(reference_graph, verification[:1], config.resolution)
        layer = find_breaking_layer(graph, reference_graph, first)
        where = f"; the error rises most at layer {layer.name} ({layer.error:.2g})" if layer else ""
        raise ConfigError(
            f"export to {args.format} in {args.export_precision}: refused, {', '.join(problems)}"
            f"{where}; choose another precision, or calibrate with frames of your own scenes"
        )
    copy_head(config, folder)
    (folder / PARITY_NAME).write_text(json.dumps(report, indent=2) + "\n")
    for blob in folder.glob("*.blob"):  # compiled for this processor
        blob.unlink()
    return folder


def copy_head(config: PipelineConfig, folder: Path) -> None:
    """Copy the foreground head of the exported weights, so that it is found beside the graph."""
    from scenerep_ros.segmentation.rgb.foreground_head import COMPANION_FOLDER, find_head

    head = find_head(config)
    if head is not None:
        shutil.copytree(head, folder / COMPANION_FOLDER)


def _graph_inputs(graph: Any, frames: Sequence[RGBDFrame], resolution: int) -> Iterator[Any]:
    """Yield the inputs of a graph for frames."""
    from scenerep_ros.backbones.runtimes.graph_backbone import GraphInputs

    inputs = GraphInputs(graph)
    for frame in frames:
        yield inputs(frame.color, resolution)[0]
