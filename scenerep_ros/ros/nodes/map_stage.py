"""Scene map inside the node: poses, integration, publication and services."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rclpy.clock import Clock, ClockType  # type: ignore[attr-defined]  # Humble has it here only
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from visualization_msgs.msg import MarkerArray

from scenerep_ros.config.options import MapNodeOptions
from scenerep_ros.errors import ConfigError, ScenerepError
from scenerep_ros.filesystem.atomic import atomic_folder
from scenerep_ros.frames import RGBDFrame, SceneSegmentation
from scenerep_ros.mapping.map_files import (
    describe_object,
    is_only_map,
    read_map,
    write_map,
)
from scenerep_ros.mapping.poses.odometry import Odometry
from scenerep_ros.mapping.poses.recovery import PoseRecovery
from scenerep_ros.mapping.scene_map import SceneMap
from scenerep_ros.ops.unit_vectors import unit_rows
from scenerep_ros.pipeline import Pipeline
from scenerep_ros.ros.conversions.camera_messages import stamp_from_ns
from scenerep_ros.ros.conversions.map_messages import (
    map_detections_message,
    map_objects_message,
    map_points_message,
)
from scenerep_ros.ros.monitoring.problem_reporter import ProblemReporter
from scenerep_ros.ros.nodes.map_poses import TfPoses, create_pose_provider

SIMILAR_COUNT = 5
"""Number of objects that ~/find_similar returns."""
_MAX_LISTED_CHARACTERS = 60
_BYTES_PER_MB = 1e6
LATCHED = QoSProfile(
    depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL, reliability=ReliabilityPolicy.RELIABLE
)


class MapStage:
    """Map of the node's segmented frames.

    `integrate` runs in the publishing thread, services and a timer in the executor's; a lock separates
    them.

    Args:
        node: node that publishes and serves.
        options: returns the current options.
        pipeline: pipeline whose backbone computes the feature of a queried image.
        reporter: reporter of frames without a pose.

    Raises:
        ConfigError: if the package that the poses need is missing.
    """

    def __init__(
        self,
        node: Node,
        options: Callable[[], MapNodeOptions],
        pipeline: Pipeline,
        reporter: ProblemReporter,
    ) -> None:
        self._node = node
        self._options = options
        self._pipeline = pipeline
        self._reporter = reporter
        self._add_pose = create_pose_provider(node, options())
        self.map = SceneMap(options())
        restart = self._add_pose.restart if isinstance(self._add_pose, Odometry) else None
        self._recover = PoseRecovery(self.map.relocalize, restart)
        self._lock = threading.Lock()
        self._published_at_s = -np.inf
        self._is_published = True
        self._stamp_ns = 0
        self._channels = 0  # of the features in the map; 0 while it has none
        self.facts: dict[str, str] = {}
        self._points = node.create_publisher(PointCloud2, "~/map_points", LATCHED)
        self._objects = node.create_publisher(MarkerArray, "~/map_objects", LATCHED)
        self._detections = self._create_detections_publisher()
        self._services = [
            node.create_service(Trigger, f"~/{name}", self._answer(work))
            for name, work in (
                ("save_map", self._save),
                ("load_map", self._load),
                ("clear_map", self._clear),
                ("find_similar", self._find_similar),
            )
        ]
        # The node's own clock stands still under use_sim_time while nothing is replayed.
        clock = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = node.create_timer(options().publish_period, self._publish_rest, clock=clock)

    def integrate(self, frame: RGBDFrame, scene: SceneSegmentation) -> None:
        """Add a segmented frame, and publish the map if it is due."""
        with self._lock:
            self._match_features(scene)
            frame = self._add_pose(frame)
            result = self.map.integrate(self._recover(frame, scene), scene)
            if result.is_integrated:
                self._stamp_ns, self._is_published = frame.stamp_ns, False
                if self._is_due:
                    self._publish()
            self._update_facts()
        if not result.is_integrated:
            self._reporter.report_warning(
                "not_mapped", f"frame left out of the map: {result.reason}"
            )

    @property
    def _is_due(self) -> bool:
        return time.monotonic() - self._published_at_s >= self._options().publish_period

    def _publish_rest(self) -> None:
        """Publish the frames since the last publication, when no further frame arrives."""
        if self._is_published or not self._is_due or not self._lock.acquire(blocking=False):
            return  # a frame that is being integrated is published with the rest
        try:
            self._publish()
        finally:
            self._lock.release()

    def _update_facts(self) -> None:
        """Update the figures for diagnostics, which must not wait for the map."""
        self.facts = {
            "map.frames": str(self.map.frame_count),
            "map.objects": str(self.map.object_count),
            "map.voxels": str(self.map.voxel_count),
            "map.memory_mb": f"{self.map.memory_bytes / _BYTES_PER_MB:.1f}",
            **{f"map.dropped_{name}": str(count) for name, count in self.map.dropped.items()},
        }
        if isinstance(self._add_pose, Odometry):
            self.facts["map.odometry_health"] = f"{self._add_pose.health:.2f}"

    def use_pipeline(self, pipeline: Pipeline) -> None:
        """Use another network: objects keep their places, and get new features when seen again."""
        side = 4 * pipeline.backbone.stride
        channels = pipeline.backbone(np.zeros((side, side, 3), np.uint8), side).grid.shape[2]
        with self._lock:
            self._pipeline, self._channels = pipeline, channels
            self.map.discard_features(channels)

    def _match_features(self, scene: SceneSegmentation) -> None:
        """Discard the features of a loaded map, if frames have those of another network."""
        channels = len(scene.objects[0].feature) if scene.objects else self._channels
        if self._channels not in (0, channels):
            self.map.discard_features(channels)
            self._reporter.report_warning(
                "map_features",
                "the features of the loaded map are of another network; objects are found by their "
                "places, and get new features when they are seen again",
            )
        self._channels = channels

    def destroy(self) -> None:
        """Destroy publishers, services and the subscription to tf."""
        if isinstance(self._add_pose, TfPoses):
            self._add_pose.close()
        for publisher in (self._points, self._objects, self._detections):
            if publisher is not None:
                self._node.destroy_publisher(publisher)
        for service in self._services:
            self._node.destroy_service(service)
        self._node.destroy_timer(self._timer)

    def _create_detections_publisher(self) -> Publisher | None:
        """Return the publisher of detections; None without the package vision_msgs."""
        if find_spec("vision_msgs") is None:
            return None
        from vision_msgs.msg import Detection3DArray  # not installed everywhere

        return self._node.create_publisher(Detection3DArray, "~/map_detections_3d", LATCHED)

    def _publish(self) -> None:
        snapshot = self.map.snapshot()
        header = Header(stamp=stamp_from_ns(self._stamp_ns), frame_id=self._options().frame)
        self._points.publish(map_points_message(snapshot, header))
        self._objects.publish(map_objects_message(snapshot.objects, header))
        if self._detections is not None:
            self._detections.publish(map_detections_message(snapshot.objects, header))
        self._published_at_s, self._is_published = time.monotonic(), True

    def _answer(self, work: Callable[[], str]) -> Callable[[Any, Any], Any]:
        """Wrap a function that returns the message of a successful answer."""

        def answer(_request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
            try:
                with self._lock:
                    response.message = work()
                response.success = True
            except ScenerepError as error:
                response.success, response.message = False, str(error)
            except Exception as error:  # an exception would end the executor and so the node
                response.success = False
                response.message = f"{type(error).__name__}: {error}"
                self._node.get_logger().error(response.message)
            return response

        return answer

    def _folder(self) -> Path:
        folder = self._options().folder
        if not folder:
            raise ConfigError(
                "map.folder is empty; set it to the folder of the map, such as "
                f"`ros2 param set {self._node.get_fully_qualified_name()} map.folder /data/map`"
            )
        return Path(folder).expanduser().absolute()

    def _save(self) -> str:
        path = self._folder()
        snapshot = self.map.snapshot()
        with atomic_folder(path, is_only_map) as folder:
            write_map(snapshot, folder)
        return f"{len(snapshot.objects)} objects written to {path}"

    def _load(self) -> str:
        path = self._folder()
        snapshot = read_map(path)
        self.map.restore(snapshot)
        notes = [f"{len(snapshot.objects)} objects read from {path}"]
        self._channels = len(snapshot.objects[0].feature) if snapshot.objects else 0
        if isinstance(self._add_pose, Odometry):
            self._add_pose.clear(is_lost=bool(snapshot.objects))
            if snapshot.objects:
                notes.append("frames are left out until one is found again in the map")
        self._publish()
        self._update_facts()
        return "; ".join(notes)

    def _clear(self) -> str:
        self.map.clear()
        self._channels = 0
        if isinstance(self._add_pose, Odometry):
            self._add_pose.clear(is_lost=False)
        self._publish()
        self._update_facts()
        return "the map is empty"

    def _find_similar(self) -> str:
        """Return the objects that are most similar to `map.query`, as JSON."""
        query = self._options().query
        feature = self._query_feature(query)
        if self._channels not in (0, len(feature)):
            raise ConfigError(
                f"map.query {query!r}: the features of the loaded map are of another network; query "
                "an id, or wait for the first frame"
            )
        results = self.map.find_similar(feature, SIMILAR_COUNT + 1)
        entries = [
            describe_object(item) | {"similarity": round(similarity, 4)}
            for item, similarity in results
            if str(item.id) != query
        ]
        return json.dumps(entries[:SIMILAR_COUNT])

    def _query_feature(self, query: str) -> NDArray[np.float32]:
        """Return the feature (C,) of an object of the map or of an image."""
        feature_of = {str(item.id): item.feature for item in self.map.objects()}
        if query in feature_of:
            return feature_of[query]
        path = Path(query).expanduser()
        image = cv2.imread(str(path)) if query and path.is_file() else None
        if image is None:
            ids = ", ".join(feature_of) or "none"
            raise ConfigError(
                f"map.query {query!r}: no object of the map and no readable image; set it to an id "
                f"of ~/map_objects ({_shortened(ids)}) or to the path of an image"
            )
        color = np.ascontiguousarray(image[..., ::-1], np.uint8)
        grid = self._pipeline.compute_features(color).grid
        mean = unit_rows(grid.reshape(-1, grid.shape[2])).mean(axis=0)
        return unit_rows(mean[None])[0]


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_LISTED_CHARACTERS else f"{text[:_MAX_LISTED_CHARACTERS]}..."
