"""How many pixels change their label although what they show did not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import BACKGROUND, UNLABELLED
from scenerep_training.evaluation.label_propagation.warping import Places

Labels = NDArray[np.uint16]

REACH = 1
"""Pixels by which a border may move: the rounding of places moves it, too."""


class Flicker:
    """Counts, over the pairs of consecutive frames of a video.

    A pixel is compared if what it shows was visible in the last frame and neither frame leaves it
    unlabelled. It changed if no pixel within one of its last place had its label. The background
    is a label like any other, so that objects that come and go count.
    """

    def __init__(self) -> None:
        self._pixels = self._compared = self._changed = 0
        self._compared_objects = self._changed_objects = 0

    def add(self, labels: Labels, last: Labels, places: Places) -> None:
        """Compare one frame with the last one.

        Args:
            labels: (H, W) of the frame.
            last: (H, W) of the frame before.
            places: of the frame's pixels in the frame before.
        """
        before = last[places.rows, places.columns]
        compared = places.visible & (labels != UNLABELLED) & (before != UNLABELLED)
        changed = compared & (labels != before)
        changed[changed] = ~_had_near(last, places, labels, changed)
        objects = (labels != BACKGROUND) | (before != BACKGROUND)
        self._pixels += labels.size
        self._compared += int(np.count_nonzero(compared))
        self._changed += int(np.count_nonzero(changed))
        self._compared_objects += int(np.count_nonzero(compared & objects))
        self._changed_objects += int(np.count_nonzero(changed & objects))

    def figures(self) -> dict[str, float]:
        """Shares of the pixels that were compared, and how many those are.

        `flicker`: changed, of all compared. `object_flicker`: changed, of those that belong to an
        object before or after. `compared`: compared, of all. NaN where there is none.
        """
        return {
            "flicker": _share(self._changed, self._compared),
            "object_flicker": _share(self._changed_objects, self._compared_objects),
            "compared": _share(self._compared, self._pixels),
        }


def _had_near(
    last: Labels, places: Places, labels: Labels, chosen: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """For each chosen pixel, whether a pixel within reach of its last place had its label."""
    padded = np.pad(last, REACH, mode="edge")
    rows, columns, wanted = places.rows[chosen], places.columns[chosen], labels[chosen]
    shifts = range(2 * REACH + 1)
    found = [padded[rows + v, columns + u] == wanted for v in shifts for u in shifts]
    return np.any(found, axis=0)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
