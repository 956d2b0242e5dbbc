"""Segmentation of the frames that enter a map: that of the pipeline, or the true one."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError
from scenerep_ros.frames import BACKGROUND, UNLABELLED, RGBDFrame, SceneObject, SceneSegmentation
from scenerep_ros.pipeline import Pipeline

Labels = NDArray[np.uint16]

FEATURE_SIZE = 384
"""Channels of the default network. With few, different objects resemble each other by chance."""
FEATURE_NOISE = 0.3
"""Standard deviation of each component, of a feature whose components have the deviation 1."""


class FrameSegmenter(Protocol):
    """Segmenter of successive frames."""

    def __call__(self, frame: RGBDFrame, truth: Labels | None) -> SceneSegmentation:
        """Segment one frame."""

    def reset(self) -> None:
        """Begin a new recording."""


class OwnSegmenter:
    """Segmentation and tracking of the package.

    Args:
        pipeline: pipeline with all options.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def __call__(self, frame: RGBDFrame, truth: Labels | None) -> SceneSegmentation:  # noqa: ARG002
        """Segment one frame; the truth is not used."""
        return self._pipeline(frame)

    def reset(self) -> None:
        """Discard the tracks."""
        self._pipeline.reset()


class TrueSegmenter:
    """True labels as masks and ids, with a random feature for each object and noise in each frame."""

    def __init__(self) -> None:
        self.reset()

    def __call__(self, frame: RGBDFrame, truth: Labels | None) -> SceneSegmentation:
        """Return the true segmentation of a frame.

        Raises:
            FrameError: if it is unknown.
        """
        if truth is None:
            raise FrameError(f"frame {frame.name}: has no label image, which true masks need")
        ids, areas = np.unique(truth, return_counts=True)
        is_object = (ids != BACKGROUND) & (ids != UNLABELLED)
        pairs = zip(ids[is_object].tolist(), areas[is_object].tolist(), strict=True)
        objects = tuple(
            SceneObject(id_, area, (0, 0, 1, 1), self._feature(id_)) for id_, area in pairs
        )
        return SceneSegmentation(truth, objects)

    def reset(self) -> None:
        """Begin the noise anew."""
        self._noise = np.random.default_rng(0)

    def _feature(self, id_: int) -> NDArray[np.float32]:
        mean = np.random.default_rng((1, id_)).normal(size=FEATURE_SIZE)
        feature = mean + FEATURE_NOISE * self._noise.normal(size=FEATURE_SIZE)
        return (feature / np.linalg.norm(feature)).astype(np.float32)
