"""Integration of one view: identification of its segments, and votes on the voxels that it shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import numpy as np

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import BACKGROUND, SceneSegmentation
from scenerep_ros.geometry.subsampling import subsample
from scenerep_ros.mapping.objects.association import (
    FrameSegments,
    measure_overlaps,
    select_segments,
)
from scenerep_ros.mapping.objects.identification import identify_segments
from scenerep_ros.mapping.objects.object_memory import ObjectMemory
from scenerep_ros.mapping.objects.object_record import ObjectRecord
from scenerep_ros.mapping.views.carving import is_free
from scenerep_ros.mapping.views.frame_view import FrameView, is_labelled
from scenerep_ros.mapping.voxels.label_votes import NO_OBJECT
from scenerep_ros.mapping.voxels.voxel_grid import VoxelGrid
from scenerep_ros.mapping.voxels.voxel_index import ABSENT, Rows


@dataclass(frozen=True)
class IntegrationConstants:
    """Tuned constants of the integration of a view."""

    touching_voxels: int = tuned(
        2,
        "number of voxels within which a segment touches an object",
        set_on="argument: pixels next to the edge between two sides of an object are left out",
    )
    touching_points: int = tuned(
        200, "number of points of a segment that are tested for touching", set_on="argument: time"
    )
    carved_voxels: int = tuned(
        20_000,
        "number of voxels that are tested for free space in each frame",
        set_on="argument: time per frame; a map of 1 million voxels is visited within two seconds",
    )


CONSTANTS = IntegrationConstants()


@dataclass(frozen=True)
class Integration:
    """Result of one frame.

    Attributes:
        is_integrated: whether the frame changed the map.
        reason: reason why it did not; empty otherwise.
        ids: id in the map by the id of the frame; objects without an id in the map are left out.
    """

    is_integrated: bool
    reason: str = ""
    ids: dict[int, int] = field(default_factory=dict)


class ViewIntegration:
    """Adds views to voxels and objects.

    Args:
        grid: voxels of the map.
        memory: objects of the map.
    """

    def __init__(self, grid: VoxelGrid, memory: ObjectMemory) -> None:
        self._grid, self._memory = grid, memory

    def integrate(
        self, view: FrameView, scene: SceneSegmentation, frame_index: int, stamp_ns: int
    ) -> dict[int, int]:
        """Add one view, and return the id in the map by the id of the frame."""
        # 1. Compare the segments of the frame with the labels of the map at the same pixels.
        segments = select_segments(view, scene)
        occupied, rows = self._grid.find_or_insert(view.points)
        overlaps = measure_overlaps(segments, self._grid.labels_at(occupied))
        # 2. Identify each segment with an object of the map, or with a new one.
        self._memory.features.observe(segments.features)
        touched_keys = partial(self._touched_keys, view, segments)
        records = identify_segments(
            self._memory, segments, overlaps, touched_keys, frame_index, stamp_ns
        )
        # 3. Add the points, and vote on their labels.
        self._add_points(view, rows, segments, records, frame_index)
        # 4. Remove voxels in space that the frame shows to be free.
        self._carve(view)
        return {id_: item.id for id_, item in zip(segments.ids, records, strict=True) if item.id}

    def _touched_keys(self, view: FrameView, segments: FrameSegments, index: int) -> set[int]:
        """Return the labels of the map beside a segment."""
        points = view.points[segments.index == index + 1]
        sample = subsample(points, CONSTANTS.touching_points)
        return set(self._grid.labels_near(sample, CONSTANTS.touching_voxels).tolist())

    def _add_points(
        self,
        view: FrameView,
        rows: Rows,
        segments: FrameSegments,
        records: list[ObjectRecord],
        frame_index: int,
    ) -> None:
        rows = self._grid.add(rows, view.points, view.colors, frame_index)
        keys = np.array([NO_OBJECT] + [record.key for record in records], np.int32)
        is_small = (segments.index == 0) & (view.labels != BACKGROUND)
        votes = np.flatnonzero((rows != ABSENT) & is_labelled(view.labels) & ~is_small)
        self._grid.vote(rows.take(votes), keys.take(segments.index.take(votes)))

    def _carve(self, view: FrameView) -> None:
        rows = self._grid.next_carving_rows(CONSTANTS.carved_voxels)
        is_carved = is_free(view, self._grid.positions(rows)) & self._grid.is_occupied(rows)
        free = np.flatnonzero(is_carved).astype(np.int32) + np.int32(rows.start)
        if len(free):
            self._memory.count_carved(self._grid.carve(free))
