"""Association of the segments of a frame with the objects of the map, by place and feature."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import UNLABELLED, SceneSegmentation
from scenerep_ros.mapping.views.frame_view import FrameView
from scenerep_ros.mapping.voxels.label_votes import NO_OBJECT

Floats = NDArray[np.float32]
Labels = NDArray[np.int32]


@dataclass(frozen=True)
class AssociationConstants:
    """Tuned constants of the association with the map."""

    min_points: int = tuned(
        12,
        "number of sampled pixels from which a segment or an object counts as visible",
        set_on="argument: 192 pixels of a 640x480 image, two thirds of the smallest object",
    )
    min_overlap: float = tuned(
        0.2,
        "intersection over union with the object's known pixels from which its place agrees",
        set_on="argument: below the half by which the larger of two parts is distinguished from the other",
    )
    feature_weight: float = tuned(
        0.3,
        "weight of the similarity of features, relative to the overlap",
        set_on="argument: decides between places that agree about equally",
    )
    track_weight: float = tuned(
        0.3,
        "weight of an unbroken track, relative to the overlap",
        set_on="argument: as much as the feature",
    )


CONSTANTS = AssociationConstants()


@dataclass(frozen=True)
class FrameSegments:
    """Segments of a frame that are large enough for the map.

    Attributes:
        ids: (K,) int, ids of the tracker.
        features: (K, C) float32, unit length.
        index: (n,) int32, 1..K for the points of a segment, 0 for all others.
    """

    ids: tuple[int, ...]
    features: Floats
    index: Labels


def select_segments(view: FrameView, scene: SceneSegmentation) -> FrameSegments:
    """Select the objects of a frame with enough points, in order of their ids."""
    number_of = np.zeros(UNLABELLED + 1, np.int32)
    number_of[[item.id for item in scene.objects]] = np.arange(1, len(scene.objects) + 1)
    numbers = number_of[view.labels]
    counts = np.bincount(numbers, minlength=len(scene.objects) + 1)
    is_selected = counts >= CONSTANTS.min_points
    is_selected[0] = False
    selected = np.flatnonzero(is_selected)
    index_of = np.zeros(len(counts), np.int32)
    index_of[selected] = np.arange(1, len(selected) + 1)
    objects = [scene.objects[number - 1] for number in selected.tolist()]
    features = [item.feature for item in objects]
    return FrameSegments(
        ids=tuple(item.id for item in objects),
        features=np.stack(features) if features else np.empty((0, 0), np.float32),
        index=index_of[numbers],
    )


@dataclass(frozen=True)
class Overlaps:
    """Overlaps of the segments of a frame with the objects of the map, in the image.

    Attributes:
        keys: (M,) keys of the visible objects of the map.
        visible: (M,) number of points that show each object.
        shared: (K, M) number of points of each segment that show each object.
        known: (K,) number of points of each segment in a voxel that was occupied before.
    """

    keys: Labels
    visible: NDArray[np.intp]
    shared: NDArray[np.intp]
    known: NDArray[np.intp]

    @property
    def iou(self) -> NDArray[np.float64]:
        """Intersection over union (K, M), without the points that are new to the map."""
        union = self.known[:, None] + self.visible - self.shared
        return self.shared / np.maximum(union, 1)

    def of_keys(self, keys: Container[int]) -> Overlaps:
        """Return the overlaps with the objects of some keys."""
        columns = np.array([key in keys for key in self.keys.tolist()], np.bool_)
        return Overlaps(
            self.keys[columns], self.visible[columns], self.shared[:, columns], self.known
        )


def measure_overlaps(segments: FrameSegments, predicted: Labels) -> Overlaps:
    """Compare the segments of a frame with the labels of the map at the same pixels.

    Args:
        segments: segments of the frame.
        predicted: (n,) int32, key of the map's object at each point; NO_OBJECT for structure, and
            ABSENT in space that was not occupied.
    """
    counts = np.bincount(np.maximum(predicted, NO_OBJECT))
    counts[NO_OBJECT] = 0
    keys = np.flatnonzero(counts >= CONSTANTS.min_points).astype(np.int32)
    column_of = np.zeros(len(counts), np.int32)
    column_of[keys] = np.arange(1, len(keys) + 1)
    columns = column_of[np.maximum(predicted, NO_OBJECT)]
    shape = len(segments.ids) + 1, len(keys) + 1
    joint = np.bincount(segments.index * shape[1] + columns, minlength=shape[0] * shape[1])
    is_known = predicted >= NO_OBJECT
    known = np.bincount(segments.index[is_known], minlength=shape[0])
    return Overlaps(keys, counts[keys], joint.reshape(shape)[1:, 1:], known[1:])


def assign_by_place(
    overlaps: Overlaps, similarity: Floats, is_track: NDArray[np.bool_]
) -> dict[int, int]:
    """Assign segments to objects of the map so that the sum of scores is largest.

    Args:
        overlaps: overlaps of K segments and M objects.
        similarity: (K, M) similarity of features, -1 to 1.
        is_track: (K, M) bool, pairs that the tracker has followed up to this frame.

    Returns:
        Index of the object by the index of its segment; each at most once.
    """
    iou = overlaps.iou
    score = (
        iou + CONSTANTS.feature_weight * similarity.clip(0, 1) + CONSTANTS.track_weight * is_track
    )
    score[iou < CONSTANTS.min_overlap] = 0
    pairs = zip(*linear_sum_assignment(score, maximize=True), strict=True)
    return {int(k): int(m) for k, m in pairs if score[k, m] > 0}
