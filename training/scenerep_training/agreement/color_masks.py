"""Objects that a network finds by color alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.backbones.base import Backbone
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.frames import BACKGROUND, UNLABELLED, Features, RGBDFrame
from scenerep_ros.ops.working_grid import working_grid_step
from scenerep_ros.preprocessing.frame_context import FrameContext
from scenerep_ros.segmentation.base import Segmenter
from scenerep_ros.segmentation.registry import build_segmenter
from scenerep_training.agreement.references import Labels


class ColorMasks:
    """Masks of a network by the method of its options, without depth.

    Args:
        backbone: network.
        config: options of the segmentation; `use_depth` has no effect.
    """

    def __init__(self, backbone: Backbone, config: PipelineConfig) -> None:
        self._backbone = backbone
        self._segmenter = build_segmenter(config.model_copy(update={"use_depth": False}))
        self._resolution = config.resolution

    def __call__(self, color: NDArray[np.uint8]) -> Labels:
        """Segment an image (H, W, 3) uint8: see `color_masks`."""
        return color_masks(self._segmenter, color, self._backbone(color, self._resolution))


def color_masks(segmenter: Segmenter, color: NDArray[np.uint8], features: Features) -> Labels:
    """Segment an image without depth: (h, w) int32 on the working grid, 0 where there is no object.

    Args:
        segmenter: method of the runtime.
        color: (H, W, 3) uint8.
        features: features of the image.
    """
    context = FrameContext(RGBDFrame(color), use_depth=False)
    labels = segmenter.segment(features, segmenter.prepare(context)).labels
    step = working_grid_step(context.shape)
    predicted = labels[::step, ::step]
    return np.where(predicted == UNLABELLED, BACKGROUND, predicted).astype(np.int32)
