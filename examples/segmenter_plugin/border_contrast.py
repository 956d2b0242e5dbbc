"""Segmentation method `border_contrast`: objects are regions that differ from the image border.

pip install examples/segmenter_plugin
scenerep segment test/data/tabletop --out out/border --method border_contrast
"""

import cv2
import numpy as np
from pydantic import Field

from scenerep_ros.config.options import OptionGroup
from scenerep_ros.frames import Features, Segmentation
from scenerep_ros.preprocessing.frame_context import FrameContext
from scenerep_ros.segmentation.base import Segmenter


class BorderContrastOptions(OptionGroup):
    """Options of the method; they become flags and ROS parameters by themselves."""

    max_similarity: float = Field(
        0.4,
        ge=-1.0,
        le=1.0,
        description="Cosine similarity to the border above which a pixel is background.",
    )


class BorderContrastSegmenter(Segmenter[FrameContext]):
    """Connected regions whose features differ from the mean feature of the image border."""

    summary = "regions that differ from the image border"
    Options = BorderContrastOptions
    options: BorderContrastOptions

    def prepare(self, context: FrameContext) -> FrameContext:
        """Return the frame as it is: this method computes nothing without features."""
        return context

    def segment(self, features: Features, prepared: FrameContext) -> Segmentation:
        """Segment one frame."""
        # Cosine similarity of each patch to the mean patch of the border.
        grid = features.grid / np.linalg.norm(features.grid, axis=2, keepdims=True)
        border = np.concatenate([grid[0], grid[-1], grid[:, 0], grid[:, -1]]).mean(axis=0)
        similarity = grid @ (border / np.linalg.norm(border))
        # Foreground at image resolution.
        foreground = cv2.resize(similarity, prepared.shape[::-1]) < self.options.max_similarity
        # Connected regions of at least the smallest area, numbered 1..K without gaps.
        _, regions, stats, _ = cv2.connectedComponentsWithStats(foreground.astype(np.uint8))
        keep = stats[:, cv2.CC_STAT_AREA] >= self.config.min_area * regions.size
        keep[0] = False
        return Segmentation(np.where(keep, np.cumsum(keep), 0).astype(np.int32)[regions])
