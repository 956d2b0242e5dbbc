"""Exports in the cache, with a card and a parity report but without a graph."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch

from scenerep_ros.backbones.runtimes.graph import GraphCard, write_card
from scenerep_ros.backbones.weights.checkpoint import ModelCard, read_card, save_checkpoint
from scenerep_ros.export.folder import PARITY_NAME
from scenerep_ros.export.parity import Parity

NORMALIZATION = {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}
PARITY = Parity(20, 0.998, 0.06, 0.996, 0.1, 0.99, 0.96)


def write_export(
    cache: Path, architecture: str, name: str = "int8", parity: Parity = PARITY
) -> tuple[Path, Path]:
    """Write a checkpoint and an int8 export of it to the cache; return both folders."""
    weights, export = cache / "checkpoint", cache / "exports" / name
    card = ModelCard(
        architecture=architecture, resolution=308, origin="test", license="none", **NORMALIZATION
    )
    save_checkpoint(weights, {"bias": torch.zeros(1)}, card)
    graph_card = GraphCard(
        architecture=architecture,
        stride=14,
        prefix_count=1,
        has_attention=True,
        parameters=1,
        weights_sha256=read_card(weights).sha256,
        format="openvino",
        precision="int8",
        **NORMALIZATION,
    )
    export.mkdir(parents=True)
    write_card(export, graph_card)
    (export / "model.xml").touch()
    (export / PARITY_NAME).write_text(json.dumps({"runtime": "openvino int8", **asdict(parity)}))
    return weights, export
