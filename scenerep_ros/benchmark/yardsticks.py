"""Yardsticks: known work of other libraries beside each stage, in the same rounds.

The time of a stage depends on the machine and its load. Its ratio to a yardstick that touches the
same data depends on them less, so it can be compared between machines and versions.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from scenerep_ros.benchmark.passes import Candidate
from scenerep_ros.frames import RGBDFrame

MATRIX_SHAPES = ((640, 384), (384, 1536))
"""Shapes of the factors of a matrix product: the first of a block's MLP in a ViT-S."""
CLUSTER_COUNT, ITERATIONS, FEATURE_CHANNELS = 8, 10, 384
CLUSTERED_GRID = (29, 22)
"""Width and height of the grid [patches] whose features are clustered."""
FLOW_SIZE = (160, 120)
"""Width and height of the images of optical flow [px]."""
POINT_BYTES = 20
"""Size of a point of a labelled cloud [bytes]."""


def yardsticks() -> dict[str, Candidate]:
    """Return the work by the name of `stage: work`."""
    return {
        "backbone: numpy matrix product 640x384x1536": _MatrixProduct(),
        "segment: OpenCV kmeans, 638 points": _KMeans(),
        "track: OpenCV DIS flow, 160x120": _OpticalFlow(),
        "publish: memcpy of two clouds and two images": _Copy(),
    }


class _MatrixProduct:
    def __init__(self) -> None:
        random = np.random.default_rng(0)
        self._factors = [random.normal(size=shape).astype(np.float32) for shape in MATRIX_SHAPES]

    def __call__(self, _frame: RGBDFrame) -> Any:
        return self._factors[0] @ self._factors[1]


class _KMeans:
    def __init__(self) -> None:
        size = CLUSTERED_GRID[0] * CLUSTERED_GRID[1], FEATURE_CHANNELS
        self._points = np.random.default_rng(0).normal(size=size).astype(np.float32)

    def __call__(self, _frame: RGBDFrame) -> Any:
        criteria = (cv2.TERM_CRITERIA_MAX_ITER, ITERATIONS, 0.0)
        return cv2.kmeans(
            self._points, CLUSTER_COUNT, np.empty(0), criteria, 1, cv2.KMEANS_RANDOM_CENTERS
        )


class _OpticalFlow:
    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._previous: Any = None

    def __call__(self, frame: RGBDFrame) -> Any:
        gray = cv2.cvtColor(cv2.resize(frame.color, FLOW_SIZE), cv2.COLOR_RGB2GRAY)
        previous, self._previous = self._previous, gray
        return None if previous is None else self._flow.calc(previous, gray, np.empty(0))


class _Copy:
    def __call__(self, frame: RGBDFrame) -> Any:
        height, width = frame.shape
        clouds = np.ones((2, height * width * POINT_BYTES), np.uint8)
        return clouds.tobytes(), frame.color.tobytes(), frame.color.tobytes()
