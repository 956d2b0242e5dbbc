"""Map of a scene from segmented frames with poses: labelled voxels and objects."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from scenerep_ros.config.constants import tuned
from scenerep_ros.config.options import MappingOptions
from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import BACKGROUND, UNLABELLED, MapObject, RGBDFrame, SceneSegmentation
from scenerep_ros.geometry import Box, deproject, upright_box
from scenerep_ros.mapping.association import (
    FrameSegments,
    Overlaps,
    assign_by_place,
    measure_overlaps,
    select_segments,
)
from scenerep_ros.mapping.carving import is_free
from scenerep_ros.mapping.frame_view import FrameView, is_labelled, view_frame
from scenerep_ros.mapping.label_votes import NO_OBJECT
from scenerep_ros.mapping.map_snapshot import MapSnapshot
from scenerep_ros.mapping.map_views import MapViews
from scenerep_ros.mapping.object_memory import CONSTANTS as MEMORY_CONSTANTS
from scenerep_ros.mapping.object_memory import ObjectMemory, ObjectRecord
from scenerep_ros.mapping.pose_gate import PoseGate
from scenerep_ros.mapping.upright import VerticalEstimate
from scenerep_ros.mapping.voxel_grid import VoxelGrid, VoxelPoints
from scenerep_ros.mapping.voxel_index import ABSENT, Rows

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class SceneMapConstants:
    """Tuned constants of the scene map."""

    refresh_period: int = tuned(
        15,
        "number of frames between two updates of the list of objects",
        set_on="argument: half a second at 30 Hz",
    )
    first_frames: int = tuned(
        60,
        "number of frames up to which the list is updated three times as often",
        set_on="argument: a recording of few frames, and the first objects, are listed soon",
    )
    carved_voxels: int = tuned(
        20_000,
        "number of voxels that are tested for free space in each frame",
        set_on="argument: time per frame; a map of 1 million voxels is visited within two seconds",
    )
    min_absorbed_ratio: float = tuned(
        0.5,
        "ratio of an object's visible points in another one's segment that shows both as one",
        set_on="argument: the majority",
    )
    component_gap_voxels: int = tuned(
        3,
        "side of the cells by whose adjacency the parts of an object are connected, in voxels",
        set_on="argument: bridges a cup in front of an object, not the way to stray labels",
    )


CONSTANTS = SceneMapConstants()


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


class SceneMap:
    """Map of a scene.

    Each frame votes on the object of each voxel that it shows, so the labels of the map are a
    consensus: an object that most frames divide is divided, and two that most frames show as one
    are merged. Voxels that later frames see through are removed; what is out of sight stays.

    Args:
        options: resolution and bounds.

    Attributes:
        views: reduced depth images of the places from which the map was made.
        frame_count: number of integrated frames.
        rejected: number of frames by the reason why they were left out.

    Example:
        >>> from scenerep_ros.config.options import MappingOptions
        >>> scene_map = SceneMap(MappingOptions())
        >>> for frame in open_source("recording"):  # doctest: +SKIP
        ...     scene_map.integrate(frame, pipeline(frame))
        >>> scene_map.objects()
        ()
    """

    def __init__(self, options: MappingOptions) -> None:
        self.options = options
        self.clear()

    def clear(self) -> None:
        """Remove everything."""
        self._grid = VoxelGrid(self.options.voxel_size, self.options.max_voxels)
        self._memory = ObjectMemory(self.options.max_objects)
        self._gate = PoseGate()
        self._vertical = VerticalEstimate()
        self.views = MapViews()
        self.frame_count = 0
        self.rejected: dict[str, int] = {}
        self._is_stale = False
        self._stamps_ns: list[int] = []
        self._poses: list[NDArray[np.float64]] = []

    @property
    def up(self) -> Floats:
        """Upward direction (3,) of the world."""
        return self._vertical.direction()

    @property
    def dropped_voxels(self) -> int:
        """Number of voxels that were dropped because there were too many."""
        return self._grid.dropped

    @property
    def dropped_objects(self) -> int:
        """Number of objects that were dropped because there were too many."""
        return self._memory.dropped

    @property
    def voxel_count(self) -> int:
        """Number of voxels."""
        return len(self._grid)

    @property
    def memory_bytes(self) -> int:
        """Size of the voxels and the views."""
        return self._grid.memory_bytes + self.views.memory_bytes

    def integrate(self, frame: RGBDFrame, scene: SceneSegmentation) -> Integration:
        """Add one frame. A frame without depth, calibration or a plausible pose is left out."""
        reason = self._reject(frame)
        if reason:
            return self.reject(reason)
        view = view_frame(frame, scene, self.options.max_range)
        # 1. Compare the segments of the frame with the labels of the map at the same pixels.
        segments = select_segments(view, scene)
        occupied, rows = self._grid.find_or_insert(view.points)
        predicted = self._grid.labels_at(occupied)
        overlaps = measure_overlaps(segments, predicted)
        # 2. Associate each segment with an object of the map, or with a new one.
        self._memory.observe_features(segments.features)
        records = self._associate(segments, overlaps, frame.stamp_ns)
        self._observe_pairs(overlaps, records)
        # 3. Add the points, and vote on their labels.
        self._add_points(view, rows, segments, records)
        # 4. Remove voxels in space that the frame shows to be free.
        self._carve(view)
        # 5. Update the list of objects, the vertical and the bounds from time to time.
        self.views = self.views.with_view(view)
        self._stamps_ns.append(frame.stamp_ns)
        self._poses.append(view.pose)
        self._is_stale = True
        is_first = self.frame_count < CONSTANTS.first_frames
        period = CONSTANTS.refresh_period // 3 if is_first else CONSTANTS.refresh_period
        if self.frame_count % period == 0:
            self._maintain(view)
        elif self._grid.is_full:
            self._enforce_bound(view)
        self.frame_count += 1
        ids = {id_: item.id for id_, item in zip(segments.ids, records, strict=True) if item.id}
        return Integration(True, ids=ids)

    def reject(self, reason: str) -> Integration:
        """Count a frame that is left out."""
        self.rejected[reason] = self.rejected.get(reason, 0) + 1
        return Integration(False, reason)

    def objects(self) -> tuple[MapObject, ...]:
        """Return the objects that are present, in order of their ids."""
        self._refresh()
        up = self.up
        parts = self._grid.points().by_label()
        found = [
            (record, _object_box(parts[record.key], up, self.options.voxel_size))
            for record in self._memory.records.values()
            if record.is_reported and record.key in parts
        ]
        objects = [_map_object(record, box) for record, box in found if box is not None]
        return tuple(sorted(objects, key=lambda item: item.id))

    def points(self) -> VoxelPoints:
        """Return the map's points; labels are ids of objects, BACKGROUND for everything else."""
        self._refresh()
        points = self._grid.points()
        return replace(points, labels=self._id_table()[points.labels].astype(np.int32))

    def labels_in(self, frame: RGBDFrame) -> NDArray[np.uint16]:
        """Return the labels of the map in a frame: the consensus of all frames that show it.

        Args:
            frame: frame with depth, intrinsics and pose.

        Returns:
            (H, W) uint16: BACKGROUND, ids of objects, or UNLABELLED where the map has no voxel.
        """
        self._refresh()
        if frame.depth is None or frame.intrinsics is None or frame.pose is None:
            return np.full(frame.shape, UNLABELLED, np.uint16)
        points = deproject(frame.depth, frame.intrinsics).reshape(-1, 3)
        is_valid = np.isfinite(points[:, 2])
        world = points[is_valid] @ frame.pose[:3, :3].T + frame.pose[:3, 3]
        keys = self._grid.labels_at(self._grid.find(world.astype(np.float32)))
        labels = np.full(frame.shape[0] * frame.shape[1], UNLABELLED, np.uint16)
        table = np.append(self._id_table(), UNLABELLED)  # ABSENT is the last entry
        labels[is_valid] = table[keys]
        return labels.reshape(frame.shape)

    def find_similar(self, feature: Floats, count: int) -> list[tuple[MapObject, float]]:
        """Return the objects with the most similar features, best first.

        Args:
            feature: (C,) float32.
            count: largest number of objects.

        Returns:
            Objects, and the cosine of their features without the mean of all features.
        """
        objects = self.objects()
        if not objects:
            return []
        features = np.stack([item.feature for item in objects])
        similarity = self._memory.similarity(feature[None], features)[0]
        order = np.argsort(-similarity)[:count]
        return [(objects[i], float(similarity[i])) for i in order]

    def snapshot(self) -> MapSnapshot:
        """Return the present state of the map."""
        return MapSnapshot(
            objects=self.objects(),
            points=self.points(),
            views=self.views,
            up=self.up,
            voxel_size=self.options.voxel_size,
            stamps_ns=np.array(self._stamps_ns, np.int64),
            poses=np.array(self._poses, np.float64).reshape(-1, 4, 4),
        )

    def restore(self, snapshot: MapSnapshot) -> None:
        """Replace the map by a saved one, which further frames extend.

        Raises:
            ConfigError: if the saved map has voxels of another size.
        """
        if not np.isclose(snapshot.voxel_size, self.options.voxel_size):
            raise ConfigError(
                f"the saved map has voxels of {snapshot.voxel_size:g} m, but map.voxel_size is "
                f"{self.options.voxel_size:g} m; set it to that of the map"
            )
        self.clear()
        self._grid.restore(snapshot.points)
        self._memory.restore(
            ObjectRecord(
                key=item.id,
                feature=item.feature,
                first_seen_ns=item.first_seen_ns,
                last_seen_ns=item.last_seen_ns,
                first_frame=0,
                last_frame=0,
                id=item.id,
                view_count=MEMORY_CONSTANTS.max_feature_views,
                visible_count=round(MEMORY_CONSTANTS.max_feature_views / item.confidence),
                moved_from=item.moved_from,
            )
            for item in snapshot.objects
        )
        self.views = snapshot.views
        self._vertical.fix(snapshot.up)
        self._stamps_ns = snapshot.stamps_ns.tolist()
        self._poses = list(snapshot.poses)
        self._is_stale = True

    def _reject(self, frame: RGBDFrame) -> str:
        """Return the reason why a frame cannot be integrated, or an empty text."""
        if frame.depth is None or frame.intrinsics is None:
            return "no depth" if frame.depth is None else "no camera intrinsics"
        if frame.pose is None:
            return "no pose"
        return "" if self._gate.accepts(frame.pose, frame.stamp_ns) else "implausible pose"

    def _associate(
        self, segments: FrameSegments, overlaps: Overlaps, stamp_ns: int
    ) -> list[ObjectRecord]:
        """Return the record of each segment; segments without one create it."""
        memory, frame_index = self._memory, self.frame_count
        keys = overlaps.keys.tolist()
        tracked = memory.tracked(frame_index)
        followed = [tracked.get(id_) for id_ in segments.ids]
        is_known = np.array([key in memory.records for key in keys], np.bool_)
        overlaps = _select(overlaps, is_known)
        keys = overlaps.keys.tolist()
        is_track = np.array(
            [[item is not None and item.key == key for key in keys] for item in followed], np.bool_
        ).reshape(len(followed), len(keys))
        similarity = memory.similarity(segments.features, memory.features(keys))
        matches = assign_by_place(overlaps, similarity, is_track)
        for key in keys:
            memory.records[key].visible_count += 1
        taken = {keys[column] for column in matches.values()}
        records = []
        for index, (id_, feature) in enumerate(zip(segments.ids, segments.features, strict=True)):
            record = memory.records[keys[matches[index]]] if index in matches else None
            if record is None:
                record = self._carried(followed[index], feature, taken)
            if record is None:
                record = memory.create(feature, id_, frame_index, stamp_ns)
            else:
                record.see(feature, id_, frame_index, stamp_ns)
            taken.add(record.key)
            records.append(record)
        return records

    def _carried(
        self, record: ObjectRecord | None, feature: Floats, taken: set[int]
    ) -> ObjectRecord | None:
        """Return the record that a track carries to a new place, if its feature agrees."""
        if record is None or record.key in taken:
            return None
        similarity = float(self._memory.similarity(feature[None], record.feature[None])[0, 0])
        if similarity < MEMORY_CONSTANTS.min_track_similarity:
            return None
        record.visible_count += 1
        if record.moved_from is None:
            record.moved_from = record.center
        return record

    def _observe_pairs(self, overlaps: Overlaps, records: list[ObjectRecord]) -> None:
        """Record which objects the frame shows as one segment, and which as two."""
        row_of = {record.key: row for row, record in enumerate(records)}
        ratio = overlaps.shared / np.maximum(overlaps.visible, 1)
        for column, key in enumerate(overlaps.keys.tolist()):
            for row, record in enumerate(records):
                if record.key == key or key not in self._memory.records:
                    continue
                if key in row_of:
                    self._memory.observe_pair(record.key, key, is_together=False)
                elif ratio[row, column] > CONSTANTS.min_absorbed_ratio:
                    self._memory.observe_pair(record.key, key, is_together=True)

    def _add_points(
        self, view: FrameView, rows: Rows, segments: FrameSegments, records: list[ObjectRecord]
    ) -> None:
        rows = self._grid.add(rows, view.points, view.colors, self.frame_count)
        keys = np.array([NO_OBJECT] + [record.key for record in records], np.int32)
        is_small = (segments.index == 0) & (view.labels != BACKGROUND)
        is_vote = (rows != ABSENT) & is_labelled(view.labels) & ~is_small
        self._grid.vote(rows[is_vote], keys[segments.index[is_vote]])

    def _carve(self, view: FrameView) -> None:
        rows = self._grid.next_carving_rows(CONSTANTS.carved_voxels)
        free = rows[is_free(view, self._grid.positions(rows)) & self._grid.is_occupied(rows)]
        if len(free):
            self._memory.count_carved(self._grid.carve(free))

    def _maintain(self, view: FrameView) -> None:
        self._refresh()
        self._enforce_bound(view)
        if not self._vertical.is_complete:
            self._vertical.add(view)

    def _enforce_bound(self, view: FrameView) -> None:
        self._grid.enforce_bound(view.pose[:3, 3].astype(np.float32))

    def _refresh(self) -> None:
        """Update the list of objects from the voxels."""
        if not self._is_stale:
            return
        counts, centers = self._measure_objects()
        table = self._memory.refresh(counts, centers, self.frame_count)
        if table is not None:
            self._grid.relabel(table)
        self._is_stale = False

    def _labelled_rows(self) -> Rows:
        return np.flatnonzero(self._grid.winners > NO_OBJECT).astype(np.int32)

    def _measure_objects(self) -> tuple[NDArray[np.int32], Floats]:
        """Return the number of voxels of each key, and their mean (n, 3) [m]."""
        rows = self._labelled_rows()
        keys, positions = self._grid.winners[rows], self._grid.positions(rows)
        counts = np.bincount(keys, minlength=1)
        sums = [np.bincount(keys, axis, minlength=1) for axis in positions.T]
        centers = np.stack(sums, axis=1) / np.maximum(counts, 1)[:, None]
        return counts.astype(np.int32), centers.astype(np.float32)

    def _id_table(self) -> NDArray[np.uint16]:
        """Return the id of each key in the voxels; BACKGROUND for what is not reported."""
        largest = max(self._memory.records, default=0)
        winners = self._grid.winners
        table = np.zeros(max(largest, int(winners.max(initial=0))) + 1, np.uint16)
        for key, record in self._memory.records.items():
            if record.is_reported:
                table[key] = record.id
        return table


def _select(overlaps: Overlaps, columns: NDArray[np.bool_]) -> Overlaps:
    return Overlaps(
        overlaps.keys[columns],
        overlaps.visible[columns],
        overlaps.shared[:, columns],
        overlaps.known,
    )


def _object_box(points: Floats, up: Floats, voxel_size: float) -> Box | None:
    """Compute the box of the largest connected part of an object's points (n, 3)."""
    cells = np.floor(points / voxel_size).astype(np.int64)
    cells -= cells.min(axis=0)
    if len(points) < MEMORY_CONSTANTS.min_voxels:
        return None
    coarse = cells // CONSTANTS.component_gap_voxels
    occupied = np.zeros(coarse.max(axis=0) + 1, np.bool_)
    occupied[tuple(coarse.T)] = True
    components, _ = ndimage.label(occupied, np.ones((3, 3, 3)))
    component = components[tuple(coarse.T)]
    return upright_box(points[component == np.bincount(component).argmax()], up)


def _map_object(record: ObjectRecord, box: Box) -> MapObject:
    length = max(float(np.linalg.norm(record.feature)), 1e-6)
    is_moved = record.moved_from is not None and (
        np.linalg.norm(record.moved_from - box.center) >= MEMORY_CONSTANTS.min_moved_distance_m
    )
    return MapObject(
        id=record.id,
        box=box,
        point_count=record.voxel_count,
        feature=np.asarray(record.feature / length, np.float32),
        first_seen_ns=record.first_seen_ns,
        last_seen_ns=record.last_seen_ns,
        confidence=record.confidence,
        moved_from=record.moved_from if is_moved else None,
    )
