"""Callback that segments held-out frames with the network in training."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from lightning.pytorch import Trainer
from numpy.typing import NDArray

from scenerep_ros.backbones.networks.timm_networks import wrap_network
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.config.validation import validated
from scenerep_ros.filesystem.atomic import write_image
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.pipeline import Pipeline
from scenerep_ros.render import make_grid, paint_labels
from scenerep_training.methods.base import Method
from scenerep_training.monitoring.step_callback import StepCallback

TILE_SIZE = (320, 240)
"""Width and height of a frame in a preview [px]."""


class SegmentationPreview(StepCallback):
    """Callback that draws the runtime's K-Means masks of held-out frames.

    Args:
        folder: folder of the previews; TensorBoard shows them as well.
        frames: held-out frames.
        every: steps between two previews; 0 disables them.
    """

    def __init__(self, folder: Path, frames: Sequence[RGBDFrame], every: int) -> None:
        self._folder = folder
        self._frames = list(frames)
        self._every = every

    def on_step_end(self, trainer: Trainer, method: Method, step: int) -> None:
        """Draw a preview if the interval is over, and after the last step."""
        is_due = self._every and (step % self._every == 0 or step == method.options.max_steps)
        if is_due and self._frames and trainer.is_global_zero:
            preview = draw_preview(method, self._frames)
            write_image(self._folder / f"step-{step:06d}.jpg", preview)
            logger: Any = trainer.logger
            logger.experiment.add_image("segmentation", preview, step, dataformats="HWC")


def draw_preview(method: Method, frames: Sequence[RGBDFrame]) -> NDArray[np.uint8]:
    """Draw frames beside their masks.

    Args:
        method: method whose exported encoder segments the frames; a copy of it is used.
        frames: frames of any size.

    Returns:
        (H, W, 3) uint8, RGB.
    """
    encoder = method.exported_encoder
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
    pipeline = Pipeline(config, wrap_network(config, network, encoder.normalization))
    return make_grid([_draw_tile(frame, pipeline(frame).labels) for frame in frames])


def _draw_tile(frame: RGBDFrame, labels: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Draw a frame beside its painted labels."""
    halves = [
        cv2.resize(image, TILE_SIZE) for image in (frame.color, paint_labels(frame.color, labels))
    ]
    return np.asarray(np.hstack(halves), np.uint8)
