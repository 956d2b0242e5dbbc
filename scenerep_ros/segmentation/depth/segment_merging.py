"""Merging of the segments of one piece of furniture.

Ward's linkage divides a large object sooner than a small one, as the cost of a merge grows with the
areas. Between the segments that it leaves, features alone no longer separate one object from two. So
three cues vote: how much of its outline a segment shares with the other without a step in depth, how
far apart the segments are for their extent, and how far their features differ from each other,
relative to the frame's mean feature.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.clustering.feature_points import feature_points
from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import Features
from scenerep_ros.segmentation.depth.patch_samples import SAMPLES_PER_SIDE, PatchSamples

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]
Labels = NDArray[np.int32]
Indices = NDArray[np.intp]

MIN_SEGMENTS = 2  # constant: a pair has two segments
"""Number of segments from which there is something to merge."""
MIN_SQUARED_NORM = 1e-12  # constant: numerical stability
"""Lower bound of the squared norm of the sum of features of a segment."""
SET_ON = (
    "60 NYUv2 frames outside of the evaluated ones and 12 frames of three rendered rooms, with the "
    "default backbone and the student"
)


@dataclass(frozen=True)
class SegmentMergingConstants:
    """Tuned constants of the merging of segments."""

    max_border_step: float = tuned(
        0.01,
        "step in depth between two patches, beyond the slope of their surfaces, up to which a "
        "surface continues",
        unit="1/m",
        set_on=SET_ON + "; from 0.007 to 0.04 overlap F differs by up to 0.006",
    )
    min_contact_ratio: float = tuned(
        0.3,
        "ratio of a smaller segment's outline along which it continues into a larger one",
        set_on=SET_ON + "; with 0.25 the best IoU falls by 0.008, without limit by 0.036",
    )
    max_cosine_distance: float = tuned(
        0.8,
        "cosine distance of two segments' mean features minus the frame's mean feature",
        set_on=SET_ON + "; without limit F > 0.75 falls by 0.03",
    )
    max_squared_distance_ratio: float = tuned(
        1.2,
        "ratio of the squared distance of two segments' centers and the sum of their squared "
        "deviations from them",
        set_on=SET_ON + "; 1.5 and 2 gain 0.01 in overlap F and lose best IoU with the student",
    )
    min_squared_deviation: float = tuned(
        0.01,
        "addition to that sum, so that segments of a few patches can be merged",
        unit="m^2",
        set_on="argument: the width of a patch in a room",
    )


CONSTANTS = SegmentMergingConstants()


def merge_segments(segments: Labels, features: Features, samples: PatchSamples) -> Labels:
    """Give the segments of one object one label.

    In each round, the pairs merge that are nearest to each other among those that all cues allow.

    Args:
        segments: (h, w) int32, 1..K without gaps; 0 = no object. Segments have depth everywhere.
        features: grid (h, w, C).
        samples: depth of the same patches.

    Returns:
        (h, w) int32, 1..L without gaps; 0 = no object.
    """
    if segments.max() < MIN_SEGMENTS:
        return segments
    statistics = _SegmentStatistics.measure(segments, features, samples)
    merged = np.arange(int(segments.max()) + 1, dtype=np.int32)
    while True:
        distances = statistics.merge_distances()
        nearest = distances.argmin(axis=1)
        index = np.arange(len(nearest))
        is_kept = (nearest[nearest] == index) & (index < nearest)
        is_kept &= np.isfinite(distances[index, nearest])
        if not is_kept.any():
            return merged[segments]
        target = index.copy()
        target[nearest[is_kept]] = index[is_kept]
        _, target = np.unique(target, return_inverse=True)
        statistics = statistics.merge(target)
        merged = target.astype(np.int32)[merged]


class _SegmentStatistics(NamedTuple):
    """Sums over K + 1 segments, which are added when segments are merged; 0 is the rest.

    Attributes:
        contacts: (K + 1, K + 1), pairs of adjacent patches by their segments.
        continuations: (K + 1, K + 1), those of them without a step in depth.
        features: (K + 1, K + 1), inner products of the sums of centered features.
        positions: (K + 1, K + 1), inner products of the sums of positions [m^2].
        areas: (K + 1,), number of patches.
        squared_positions: (K + 1,), sum of the squared positions [m^2].
    """

    contacts: Doubles
    continuations: Doubles
    features: Doubles
    positions: Doubles
    areas: Doubles
    squared_positions: Doubles

    @classmethod
    def measure(
        cls, segments: Labels, features: Features, samples: PatchSamples
    ) -> _SegmentStatistics:
        count = int(segments.max()) + 1
        labels = segments.ravel()
        membership = (labels == np.arange(count)[:, None]).astype(np.float32)
        areas = membership.sum(axis=1)
        # Sum the features minus the mean of the frame, and the positions.
        points = feature_points(features, components=0)
        feature_sums = membership @ points
        feature_sums -= areas[:, None] * feature_sums.sum(axis=0) / len(points)
        positions = np.where(segments[..., None] > 0, samples.positions(), 0).reshape(-1, 3)
        positions = positions.astype(np.float64)
        position_sums = membership @ positions
        contacts, continuations = _count_contacts(segments, samples)
        return cls(
            contacts,
            continuations,
            features=(feature_sums @ feature_sums.T).astype(np.float64),
            positions=position_sums @ position_sums.T,
            areas=areas.astype(np.float64),
            squared_positions=membership @ (positions**2).sum(axis=1),
        )

    def merge(self, target: Indices) -> _SegmentStatistics:
        """Add the sums of segments (K + 1,) with the same target."""
        membership = np.eye(target.max() + 1)[target]
        return _SegmentStatistics(
            *(membership.T @ pairs @ membership for pairs in self[:4]),
            *(values @ membership for values in self[4:]),
        )

    def merge_distances(self) -> Doubles:
        """Compute the squared distance ratio (K + 1, K + 1) of the pairs that all cues allow, else inf."""
        ratio = self._squared_distance_ratios()
        is_allowed = ratio < CONSTANTS.max_squared_distance_ratio
        is_allowed &= self._contact_ratios() > CONSTANTS.min_contact_ratio
        squared_norm = np.maximum(self.features.diagonal(), MIN_SQUARED_NORM)
        similarity = self.features / np.sqrt(squared_norm[:, None] * squared_norm)
        is_allowed &= similarity > 1 - CONSTANTS.max_cosine_distance
        is_allowed[0] = is_allowed[:, 0] = False
        np.fill_diagonal(is_allowed, False)
        return np.where(is_allowed, ratio, np.inf)

    def _contact_ratios(self) -> Doubles:
        outline = self.contacts.sum(axis=1) - self.contacts.diagonal()
        is_smaller = self.areas[:, None] < self.areas
        outline_of_smaller = np.where(is_smaller, outline[:, None], outline)
        return self.continuations / np.maximum(outline_of_smaller, 1)

    def _squared_distance_ratios(self) -> Doubles:
        areas = np.maximum(self.areas, 1)
        products = self.positions / (areas[:, None] * areas)
        squared_norm = products.diagonal()
        deviation = np.maximum(self.squared_positions / areas - squared_norm, 0)
        distance = squared_norm[:, None] + squared_norm - 2 * products
        deviations = deviation[:, None] + deviation + CONSTANTS.min_squared_deviation
        return np.asarray(distance / deviations)


def _count_contacts(segments: Labels, samples: PatchSamples) -> tuple[Doubles, Doubles]:
    """Count the pairs of adjacent patches of segments, and those that continue each other in depth.

    Returns:
        Two symmetric (K + 1, K + 1).
    """
    count = int(segments.max()) + 1
    pairs = [
        first.ravel() * count + second.ravel()
        for first, second in (
            (segments[:, :-1], segments[:, 1:]),
            (segments[:-1], segments[1:]),
        )
    ]
    index = np.concatenate(pairs)
    depth = samples.inverse_depth
    steps = [_border_steps(depth).ravel(), _border_steps(depth.T).T.ravel()]
    is_continuous = np.concatenate(steps) <= CONSTANTS.max_border_step
    contacts, continuations = (
        np.bincount(chosen, minlength=count**2).reshape(count, count).astype(np.float64)
        for chosen in (index, index[is_continuous])
    )
    return contacts + contacts.T, continuations + continuations.T


def _border_steps(inverse_depth: Floats) -> Floats:
    """Measure the step in depth between each patch and its right neighbor.

    Both surfaces are extrapolated to the border between them; the step is the lower median over the
    rows of samples.

    Args:
        inverse_depth: (h s, w s) float32 [1/m], NaN without depth; s is `SAMPLES_PER_SIDE`.

    Returns:
        (h, w - 1) float32 [1/m]; NaN where a side has no depth.
    """
    size = SAMPLES_PER_SIDE
    inner_left, left, right, inner_right = (
        inverse_depth[:, start::size] for start in (size - 2, size - 1, 0, 1)
    )
    extrapolated = 1.5 * (right[:, 1:] - left[:, :-1])
    extrapolated -= 0.5 * (inner_right[:, 1:] - inner_left[:, :-1])
    steps = np.abs(extrapolated).reshape(-1, size, extrapolated.shape[1])
    steps = np.sort(steps, axis=1)  # NaN come last
    middle = np.maximum(np.isfinite(steps).sum(axis=1) - 1, 0) // 2
    return np.take_along_axis(steps, middle[:, None], axis=1)[:, 0]
