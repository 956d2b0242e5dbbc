"""Pictures of how the network segments held-back frames, as it learns."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from lightning.pytorch import Trainer
from numpy.typing import NDArray

from scenerep_ros.backbones.loading import as_backbone
from scenerep_ros.config.options import PipelineConfig
from scenerep_ros.config.validation import validated
from scenerep_ros.filesystem.atomic import write_image
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.pipeline import Pipeline
from scenerep_ros.render import mosaic, painted
from scenerep_training.methods.base import Method
from scenerep_training.monitoring.watcher import Watcher

TILE = (320, 240)
"""Width and height of a frame in the picture, pixels."""


class Pictures(Watcher):
    """Draws the runtime's K-Means masks of a few frames that training does not see.

    Args:
        folder: for the pictures; TensorBoard shows them as well.
        frames: held back.
        every: steps between two pictures; 0: none.
    """

    def __init__(self, folder: Path, frames: Sequence[RGBDFrame], every: int) -> None:
        self._folder = folder
        self._frames = list(frames)
        self._every = every

    def step_done(self, trainer: Trainer, method: Method, step: int) -> None:
        """Draw if it is time, and at the end."""
        due = self._every and (step % self._every == 0 or step == method.options.max_steps)
        if due and self._frames and trainer.is_global_zero:
            picture = segmented(method, self._frames)
            write_image(self._folder / f"step-{step:06d}.jpg", picture)
            board: Any = trainer.logger
            board.experiment.add_image("segmentation", picture, step, dataformats="HWC")


def segmented(method: Method, frames: Sequence[RGBDFrame]) -> NDArray[np.uint8]:
    """Draw frames beside their masks.

    Args:
        method: whose `exported` network looks at the frames; it is copied and stays as it is.
        frames: of any size.

    Returns:
        (H, W, 3) uint8, RGB.
    """
    encoder = method.exported
    config = validated(
        PipelineConfig,
        {
            "backbone": encoder.name,
            "stage": encoder.stage,
            "resolution": method.options.crop_size,
            "device": method.device.type,
            "method": "kmeans_knee",
            "use_depth": False,
            "track": False,
        },
    )
    network = copy.deepcopy(encoder.network)
    pipeline = Pipeline(config, as_backbone(config, network, encoder.normalisation))
    return mosaic([_tile(frame, pipeline(frame).labels) for frame in frames])


def _tile(frame: RGBDFrame, labels: NDArray[np.uint16]) -> NDArray[np.uint8]:
    sides = [cv2.resize(side, TILE) for side in (frame.color, painted(frame.color, labels))]
    return np.asarray(np.hstack(sides), np.uint8)
