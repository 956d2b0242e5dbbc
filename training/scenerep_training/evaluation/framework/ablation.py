"""Ablations of a run: the same figures with an untrained network, and without depth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch

from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_training.engine.run_folder import to_json
from scenerep_training.evaluation.framework.protocol import Protocol
from scenerep_training.evaluation.framework.runner import run_protocol

UNTRAINED = "untrained network"
WITHOUT_DEPTH = "without depth"
ABLATION_NAMES = (UNTRAINED, WITHOUT_DEPTH)

Value = TypeVar("Value")


def ablated_configs(protocol: Protocol) -> dict[str, PipelineConfig]:
    """Return the options of each ablation that can change the metrics, by its name.

    The untrained network is the run's own backbone with random weights, whose seed is that of the
    options. A run with random weights has no such ablation, and one without depth no other.
    """
    config = protocol.config
    configs = {}
    if config.weights != "random":
        configs[UNTRAINED] = config.model_copy(update={"weights": "random"})
    if config.use_depth and protocol.has_depth():
        configs[WITHOUT_DEPTH] = config.model_copy(update={"use_depth": False})
    return configs


def build_seeded(build: Callable[[PipelineConfig], Protocol], config: PipelineConfig) -> Protocol:
    """Build a protocol whose untrained networks depend on nothing but the seed of its options."""
    torch.manual_seed(config.clustering.seed)
    return build(config)


def run_ablations(
    configs: Mapping[str, PipelineConfig],
    build: Callable[[PipelineConfig], Protocol],
    folder: Path,
    settings: Callable[[PipelineConfig], Mapping[str, Any]],
    limit: int | None = None,
) -> dict[str, dict[str, Any]]:
    """Measure each ablation in a folder of its own below that of the run, and resume it there.

    Args:
        configs: result of `ablated_configs`.
        build: builder of the protocol from options.
        folder: of the run.
        settings: function from options to the settings of a run.
        limit: number of samples to measure; None measures all.

    Returns:
        Content of run.json of each ablation, by its name.

    Raises:
        ConfigError: if a folder holds a run with other settings.
        SourceError: if no sample could be measured.
    """
    return {
        name: run_protocol(
            build_seeded(build, config), ablation_folder(folder, name), settings(config), limit
        )
        for name, config in configs.items()
    }


def add_ablations(
    folder: Path, run: Mapping[str, Any], ablations: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Write the ablations' tables into run.json, and return its content."""
    kept = ("samples", "failures", "tables")
    parts = {name: {key: part[key] for key in kept} for name, part in ablations.items()}
    content = {**run, "ablations": parts}
    write_atomically(folder / "run.json", to_json(content).encode())
    return content


def ablation_folder(folder: Path, name: str) -> Path:
    """Return the folder of an ablation of a run.

    >>> ablation_folder(Path("run"), WITHOUT_DEPTH).as_posix()
    'run/ablations/without_depth'
    """
    return folder / "ablations" / name.replace(" ", "_")


def interleave_ablations(
    rows: Mapping[str, Value], ablated: Mapping[str, Mapping[str, Value]]
) -> dict[str, Value]:
    """Place the rows of each ablation below the rows of the run that they belong to.

    Args:
        rows: rows of a table of the run, by name.
        ablated: rows of the same table of each ablation, by the ablation's name.

    >>> interleave_ablations({"all": 3, "cat": 2}, {"without depth": {"all": 1}})
    {'all': 3, 'all, without depth': 1, 'cat': 2}
    """
    merged: dict[str, Value] = {}
    for row, value in rows.items():
        merged[row] = value
        merged |= {f"{row}, {name}": part[row] for name, part in ablated.items() if row in part}
    return merged
