"""State of one object of the map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class ObjectRecordConstants:
    """Tuned constants of the state of an object."""

    min_confidence: float = tuned(
        0.3,
        "confidence below which an object is not reported",
        set_on="argument: two views in three do not show it as one segment",
    )
    max_feature_views: int = tuned(
        50,
        "number of frames over which features are averaged",
        set_on="argument: follows slow changes of light",
    )
    max_remaining_ratio: float = tuned(
        0.2,
        "ratio of an object's voxels up to which it has disappeared",
        set_on="argument: voxels at the contact line are never seen free",
    )


CONSTANTS = ObjectRecordConstants()


@dataclass
class ObjectRecord:
    """One object, or a segment that may become one.

    Attributes:
        key: label in the voxel map.
        feature: (C,) float32, mean feature.
        first_seen_ns: stamp of the first frame [ns].
        last_seen_ns: stamp of the last frame [ns].
        first_frame: number of the first frame.
        last_frame: number of the last frame.
        id: public id; 0 before enough frames have shown it.
        view_count: number of frames that showed it as one segment.
        visible_count: number of frames that showed its place.
        track_id: id of the tracker in the last frame.
        voxel_count: number of voxels at the last refresh.
        peak_count: largest number of voxels so far at its present place.
        carved_count: number of its voxels that were seen free.
        center: (3,) mean of its voxels at the last refresh [m]; None before.
        is_gone: its place is seen to be empty.
        moved_from: (3,) center before it was moved [m], or None.
    """

    key: int
    feature: Floats
    first_seen_ns: int
    last_seen_ns: int
    first_frame: int
    last_frame: int
    id: int = 0
    view_count: int = 1
    visible_count: int = 1
    track_id: int = 0
    voxel_count: int = 0
    peak_count: int = 0
    carved_count: int = 0
    center: Floats | None = None
    is_gone: bool = False
    moved_from: Floats | None = None

    @property
    def confidence(self) -> float:
        """Mean of the posterior of the ratio of views that show one segment, uniform prior."""
        return (self.view_count + 1) / (self.visible_count + 2)

    @property
    def is_reported(self) -> bool:
        """Return whether the object is part of the map."""
        return bool(self.id and not self.is_gone and self.confidence >= CONSTANTS.min_confidence)

    @property
    def has_disappeared(self) -> bool:
        """Return whether few of the voxels are left."""
        return self.voxel_count < CONSTANTS.max_remaining_ratio * self.peak_count

    def see(self, feature: Floats, track_id: int, frame_index: int, stamp_ns: int) -> None:
        """Record one more frame that shows the object as one segment."""
        self.view_count += 1
        is_first = not self.feature.any()  # after ObjectMemory.discard_features
        weight = 1 if is_first else 1 / min(self.view_count, CONSTANTS.max_feature_views)
        self.feature = (1 - weight) * self.feature + weight * feature
        self.track_id, self.last_frame, self.last_seen_ns = track_id, frame_index, stamp_ns

    def measure(self, counts: NDArray[np.int32], centers: Floats) -> None:
        """Update size and center.

        Args:
            counts: (n,) number of voxels of each key.
            centers: (n, 3) mean of the voxels of each key [m].
        """
        count = int(counts[self.key]) if self.key < len(counts) else 0
        self.voxel_count = count
        if count and not self.has_disappeared:
            self.center = centers[self.key]
        self.peak_count = max(self.peak_count, count)

    def absorb(self, other: ObjectRecord) -> None:
        """Add the voxels and frames of an object that is part of this one."""
        self.voxel_count += other.voxel_count
        self.peak_count = max(self.peak_count, self.voxel_count)
        self.last_frame = max(self.last_frame, other.last_frame)
        self.first_seen_ns = min(self.first_seen_ns, other.first_seen_ns)
        self.last_seen_ns = max(self.last_seen_ns, other.last_seen_ns)

    def continue_object(self, gone: ObjectRecord) -> None:
        """Take over id and history of an object that has gone and is found again here."""
        self.moved_from = gone.center if gone.moved_from is None else gone.moved_from
        self.id = gone.id
        self.first_seen_ns, self.first_frame = gone.first_seen_ns, gone.first_frame
