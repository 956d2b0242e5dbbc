"""Map of a scene from segmented frames with poses: labelled voxels and objects."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.config.options import MappingOptions
from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import MapObject, RGBDFrame, SceneSegmentation
from scenerep_ros.mapping.integration import Integration, ViewIntegration
from scenerep_ros.mapping.map_snapshot import MapSnapshot
from scenerep_ros.mapping.objects.association import select_segments
from scenerep_ros.mapping.objects.object_boxes import describe_objects, restored_record
from scenerep_ros.mapping.objects.object_memory import ObjectMemory
from scenerep_ros.mapping.poses.pose_gate import PoseGate
from scenerep_ros.mapping.poses.pose_refinement import refined_frame
from scenerep_ros.mapping.poses.relocalization import relocalize
from scenerep_ros.mapping.poses.trajectory import Trajectory
from scenerep_ros.mapping.views.frame_labels import labels_in_frame
from scenerep_ros.mapping.views.frame_view import FrameView, view_frame
from scenerep_ros.mapping.views.map_views import MapViews
from scenerep_ros.mapping.views.upright import VerticalEstimate
from scenerep_ros.mapping.voxels.voxel_grid import VoxelGrid
from scenerep_ros.mapping.voxels.voxel_points import VoxelPoints

Floats = NDArray[np.float32]
Pose = NDArray[np.float64]


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


CONSTANTS = SceneMapConstants()


class SceneMap:
    """Map of a scene.

    Each frame votes on the object of each voxel that it shows, so the labels of the map are a
    consensus: an object that most frames divide is divided, and two that most frames show as one
    are merged. Voxels that later frames see through are removed; what is out of sight stays.

    Args:
        options: resolution and bounds.

    Attributes:
        views: reduced depth images of the places from which the map was made.
        trajectory: poses of the integrated frames.
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
        self._integration = ViewIntegration(self._grid, self._memory)
        self._gate = PoseGate()
        self._vertical = VerticalEstimate()
        self.views = MapViews()
        self.trajectory = Trajectory()
        self.frame_count = 0
        self.rejected: dict[str, int] = {}
        self._is_stale = False

    @property
    def up(self) -> Floats:
        """Upward direction (3,) of the world."""
        return self._vertical.direction()

    @property
    def dropped(self) -> dict[str, int]:
        """Number of voxels, objects and poses that were dropped because there were too many."""
        return {
            "voxels": self._grid.dropped,
            "objects": self._memory.dropped,
            "poses": self.trajectory.dropped,
        }

    @property
    def voxel_count(self) -> int:
        """Number of voxels."""
        return len(self._grid)

    @property
    def object_count(self) -> int:
        """Number of objects, as of the last update of their list."""
        return self._memory.reported_count

    @property
    def memory_bytes(self) -> int:
        """Size of voxels, views, objects and trajectory."""
        parts = (self._grid, self.views, self._memory, self.trajectory)
        return sum(part.memory_bytes for part in parts)

    def integrate(self, frame: RGBDFrame, scene: SceneSegmentation) -> Integration:
        """Add one frame. A frame without depth, calibration or a plausible pose is left out."""
        reason = self._reject(frame)
        if reason:
            return self.reject(reason)
        if self.options.refine_poses:
            frame = refined_frame(frame, self.views)
        view = view_frame(frame, scene, self.options.max_range)
        ids = self._integration.integrate(view, scene, self.frame_count, frame.stamp_ns)
        # Update the list of objects, the vertical and the bounds from time to time.
        self.views = self.views.with_view(view)
        self.trajectory.add(frame.stamp_ns, view.pose)
        self._is_stale = True
        self._maintain(view)
        self.frame_count += 1
        return Integration(True, ids=ids)

    def reject(self, reason: str) -> Integration:
        """Count a frame that is left out."""
        self.rejected[reason] = self.rejected.get(reason, 0) + 1
        return Integration(False, reason)

    def objects(self) -> tuple[MapObject, ...]:
        """Return the objects that are present, in order of their ids."""
        self._refresh()
        points = self._grid.points().by_label()
        return describe_objects(
            self._memory.records.values(), points, self.up, self.options.voxel_size
        )

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
        return labels_in_frame(self._grid, self._id_table(), frame)

    def relocalize(self, frame: RGBDFrame, scene: SceneSegmentation) -> Pose | None:
        """Estimate the pose (4, 4) of a segmented frame from the objects and surfaces of the map.

        Returns:
            Camera to world; None if the frame shows too few objects of the map, or no pose explains
            it better than others.
        """
        objects = self.objects()
        if frame.depth is None or frame.intrinsics is None or not objects:
            return None
        view = view_frame(replace(frame, pose=np.eye(4)), scene, self.options.max_range)
        segments = select_segments(view, scene)
        centers = [
            view.points[segments.index == index + 1].mean(axis=0)
            for index in range(len(segments.ids))
        ]
        features = np.stack([item.feature for item in objects])
        return relocalize(
            view,
            np.array(centers).reshape(-1, 3),
            np.stack([item.box.center for item in objects]),
            self._memory.features.similarity(segments.features, features),
            self._grid.points().positions,
            self.views,
        )

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
        similarity = self._memory.features.similarity(feature[None], features)[0]
        order = np.argsort(-similarity)[:count]
        return [(objects[i], float(similarity[i])) for i in order]

    def discard_features(self, channels: int) -> None:
        """Discard the features (C,) of all objects, since another network follows."""
        self._memory.discard_features(channels)

    def snapshot(self) -> MapSnapshot:
        """Return the present state of the map."""
        return MapSnapshot(
            objects=self.objects(),
            points=self.points(),
            views=self.views,
            up=self.up,
            voxel_size=self.options.voxel_size,
            stamps_ns=self.trajectory.stamps_ns,
            poses=self.trajectory.poses,
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
        # A label without an object, such as one of scattered points, would be the key of a new one.
        self._grid.restore(snapshot.points.with_labels([item.id for item in snapshot.objects]))
        self._memory.restore(restored_record(item) for item in snapshot.objects)
        self.views = snapshot.views
        self._vertical.fix(snapshot.up)
        self.trajectory = Trajectory(snapshot.stamps_ns, snapshot.poses)
        self._is_stale = True

    def _reject(self, frame: RGBDFrame) -> str:
        """Return the reason why a frame cannot be integrated, or an empty text."""
        if frame.depth is None or frame.intrinsics is None:
            return "no depth" if frame.depth is None else "no camera intrinsics"
        if frame.pose is None:
            return "no pose"
        return "" if self._gate.accepts(frame.pose, frame.stamp_ns) else "implausible pose"

    def _maintain(self, view: FrameView) -> None:
        is_first = self.frame_count < CONSTANTS.first_frames
        period = CONSTANTS.refresh_period // 3 if is_first else CONSTANTS.refresh_period
        is_due = self.frame_count % period == 0
        if is_due:
            self._refresh()
        if is_due or self._grid.is_full:
            self._grid.enforce_bound(view.pose[:3, 3].astype(np.float32))
        if is_due and not self._vertical.is_complete:
            self._vertical.add(view)

    def _refresh(self) -> None:
        """Update the list of objects from the voxels."""
        if not self._is_stale:
            return
        counts, centers = self._grid.measure_labels()
        table = self._memory.refresh(counts, centers, self.frame_count)
        if table is not None:
            self._grid.relabel(table)
        self._is_stale = False

    def _id_table(self) -> NDArray[np.uint16]:
        """Return the id of each key in the voxels; BACKGROUND for what is not reported."""
        largest = max(self._memory.records, default=0)
        table = np.zeros(max(largest, self._grid.largest_label) + 1, np.uint16)
        for key, record in self._memory.records.items():
            if record.is_reported:
                table[key] = record.id
        return table
