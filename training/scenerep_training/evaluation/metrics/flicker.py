"""Label flicker: the share of pixels whose label changes although they show the same surface.

Labels of consecutive frames are compared along a backward warp, as in the temporal consistency
metrics of video segmentation (Lai et al., "Learning Blind Video Temporal Consistency", ECCV 2018;
Varghese et al., "Unsupervised Temporal Consistency Metric", CVPR workshops 2020).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import BACKGROUND, UNLABELLED
from scenerep_training.evaluation.label_propagation.warping import NearestBackwardWarp

Labels = NDArray[np.uint16]

MAX_BORDER_SHIFT_PX = 1
"""Shift of an object border that is not flicker: the warp itself is rounded to pixels."""


class Flicker:
    """Accumulates label changes over the consecutive frame pairs of a video.

    A pixel is compared if its surface is visible in the previous frame and neither frame leaves it
    unlabelled. It has changed if no pixel within MAX_BORDER_SHIFT_PX of its previous position had
    its label. The background is a label like any other, so that objects that appear and disappear
    count.
    """

    def __init__(self) -> None:
        self._pixels = self._compared = self._changed = 0
        self._compared_objects = self._changed_objects = 0

    def update(self, labels: Labels, last_labels: Labels, warp: NearestBackwardWarp) -> None:
        """Compare a frame with the previous one.

        Args:
            labels: (H, W) uint16 of the frame.
            last_labels: (H, W) uint16 of the previous frame.
            warp: from the frame to the previous frame.
        """
        warped = last_labels[warp.rows, warp.columns]
        compared = warp.visible & (labels != UNLABELLED) & (warped != UNLABELLED)
        # A border that moves by a pixel is no change.
        changed = compared & (labels != warped)
        changed[changed] = ~_matches_nearby(last_labels, warp, labels, changed)
        is_object = (labels != BACKGROUND) | (warped != BACKGROUND)
        self._pixels += labels.size
        self._compared += int(np.count_nonzero(compared))
        self._changed += int(np.count_nonzero(changed))
        self._compared_objects += int(np.count_nonzero(compared & is_object))
        self._changed_objects += int(np.count_nonzero(changed & is_object))

    def compute(self) -> dict[str, float]:
        """Return the metrics of all frame pairs so far; a share of nothing is NaN.

        Returns:
            `flicker`: changed pixels over compared pixels. `object_flicker`: the same over pixels
            that belong to an object in either frame. `compared`: compared pixels over all pixels.
        """
        return {
            "flicker": _ratio(self._changed, self._compared),
            "object_flicker": _ratio(self._changed_objects, self._compared_objects),
            "compared": _ratio(self._compared, self._pixels),
        }


def _matches_nearby(
    last_labels: Labels, warp: NearestBackwardWarp, labels: Labels, selected: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Test for each selected pixel if its label occurs around its previous position."""
    padded = np.pad(last_labels, MAX_BORDER_SHIFT_PX, mode="edge")
    rows, columns = warp.rows[selected], warp.columns[selected]
    expected = labels[selected]
    offsets = range(2 * MAX_BORDER_SHIFT_PX + 1)
    matches = [padded[rows + v, columns + u] == expected for v in offsets for u in offsets]
    return np.any(matches, axis=0)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
