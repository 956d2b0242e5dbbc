"""Reference masks of a frame that need no labels: by depth, or else by a teacher or by motion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.config.validation import validated
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.ops.working_grid import working_grid_step
from scenerep_ros.preprocessing.depth_registration import DepthRegistration
from scenerep_ros.preprocessing.frame_context import FrameContext
from scenerep_ros.segmentation.registry import build_segmenter
from scenerep_ros.tracking.background_motion import CONSTANTS as MOTION
from scenerep_ros.tracking.background_motion import estimate_residual_motion
from scenerep_ros.tracking.optical_flow import FlowEstimator, tracking_image

Labels = NDArray[np.int32]
FindMasks = Callable[[NDArray[np.uint8]], Labels]
"""Function from an image (H, W, 3) to labels (h, w) on the working grid, 0 where there is no object."""

IGNORED = -1
"""Label of a pixel about which the reference says nothing."""


@dataclass(frozen=True)
class ReferenceConstants:
    """Tuned constants of reference masks."""

    min_motion_ratio: float = tuned(
        0.01,
        "smallest ratio of moving pixels of a frame whose motion is a reference",
        set_on="argument: below it, what moves is smaller than a few patches",
    )
    max_motion_ratio: float = tuned(
        0.4,
        "largest ratio of moving pixels of a frame whose motion is a reference",
        set_on="argument: above it, the background's motion was not found",
    )


CONSTANTS = ReferenceConstants()


class ReferenceMasks:
    """Reference masks of the frames of one recording, in any order.

    With depth they are the runtime's own depth masks (method `fused`, before features take part).
    Without depth, they are the masks of a teacher, or else the pixels that move against the background.

    Args:
        find_masks: masks of a teacher; None without one.
    """

    def __init__(self, find_masks: FindMasks | None = None) -> None:
        self._find_masks = find_masks
        config = validated(PipelineConfig, {"method": "fused", "weights": "random"})
        self._segmenter = build_segmenter(config)
        self._gap = config.depth.gap

    def __call__(self, frame: RGBDFrame, previous: RGBDFrame | None) -> Labels | None:
        """Compute the reference of one frame.

        Args:
            frame: frame.
            previous: a frame shortly before it, for the motion; None if there is none.

        Returns:
            (h, w) int32 on the working grid: 0 background, 1..K objects, IGNORED; None if they show
            no object.
        """
        if frame.depth is not None:
            labels = self._by_depth(frame)
        elif self._find_masks is not None:
            labels = self._find_masks(frame.color)
        else:
            labels = None if previous is None else _by_motion(frame, previous)
        return labels if labels is not None and (labels > 0).any() else None

    def _by_depth(self, frame: RGBDFrame) -> Labels | None:
        registered = DepthRegistration(self._gap)(frame)
        partition = self._segmenter.prepare(FrameContext(registered)).partition
        if partition is None:
            return None
        is_known = partition.is_labelled & partition.has_depth
        return np.where(is_known, partition.labels, IGNORED).astype(np.int32)


def _by_motion(frame: RGBDFrame, previous: RGBDFrame) -> Labels | None:
    """Find what moves against the background."""
    if frame.shape != previous.shape:
        return None
    flow = FlowEstimator().estimate(tracking_image(previous), tracking_image(frame))
    if flow is None:
        return None
    speed = estimate_residual_motion(flow.measured, flow.measured_backward)
    if speed is None:
        return None
    mean_speed = max(float(speed.mean()), MOTION.min_mean_speed_px)
    is_moving = (speed >= MOTION.min_relative_speed * mean_speed).astype(np.uint8)
    if not CONSTANTS.min_motion_ratio <= is_moving.mean() <= CONSTANTS.max_motion_ratio:
        return None
    step = working_grid_step(frame.shape)
    height, width = frame.color[::step, ::step].shape[:2]
    resized = cv2.resize(is_moving, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.asarray(resized, np.int32)
