"""Evaluation of one network under all settings of the clusters, with one forward pass a frame."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.backbones.base import Backbone
from scenerep_ros.backbones.loading import load_backbone
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.config.validation import validated
from scenerep_ros.frames import Features
from scenerep_training.evaluation.framework.runner import ProtocolRun, run_protocols
from scenerep_training.evaluation.framework.settings import collect_settings
from scenerep_training.evaluation.protocols.co3d import Co3d
from scenerep_training.study.networks import ClusterSetting


class LastFrameBackbone:
    """Backbone that remembers the features of the last frame; everything else is the backbone's own.

    Args:
        backbone: backbone that computes them.
    """

    def __init__(self, backbone: Backbone) -> None:
        self._backbone = backbone
        self._key: tuple[int, ...] = ()
        self._features: Features | None = None

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the backbone."""
        return getattr(self._backbone, name)

    def __call__(self, color: NDArray[np.uint8], resolution: int) -> Features:
        """Compute the features, or return those of the last call with an equal frame."""
        key = (*color.shape, resolution, zlib.crc32(color.tobytes()))
        if self._features is None or key != self._key:
            self._features, self._key = self._backbone(color, resolution), key
        return self._features


def evaluate_network(
    data: Path,
    values: dict[str, Any],
    settings: Sequence[ClusterSetting],
    folders: Sequence[Path],
    every: int,
    command: str,
) -> None:
    """Run the protocol `co3d` once for each setting, or resume it.

    Args:
        data: test sequences.
        values: options of the pipeline that all settings share, by dotted name.
        settings: settings of the clusters.
        folders: of the runs, one for each setting.
        every: one frame in how many is measured.
        command: command line, for the record.

    Raises:
        ConfigError, WeightsError: if a network cannot be built.
        SourceError: if no frame can be measured.
    """
    configs = [validated(PipelineConfig, {**values, **setting.options}) for setting in settings]
    backbone: Backbone = LastFrameBackbone(load_backbone(configs[0]))
    runs = []
    for config, folder in zip(configs, folders, strict=True):
        protocol = Co3d(data, config, every, backbone)
        record = collect_settings(protocol.name, data, config, {"every": every}, command)
        runs.append(ProtocolRun(protocol, folder, record))
    run_protocols(runs)
