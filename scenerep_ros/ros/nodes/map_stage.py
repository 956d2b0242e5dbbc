"""Scene map inside the node: poses, integration, publication and services."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from visualization_msgs.msg import MarkerArray

from scenerep_ros.config.options import MapNodeOptions
from scenerep_ros.errors import ConfigError, FrameError, ScenerepError
from scenerep_ros.filesystem.atomic import atomic_folder
from scenerep_ros.frames import RGBDFrame, SceneSegmentation
from scenerep_ros.mapping.map_files import describe_object, is_map, read_map, write_map
from scenerep_ros.mapping.poses.odometry import Odometry
from scenerep_ros.mapping.poses.recovery import PoseRecovery
from scenerep_ros.mapping.poses.rgbd_motion import import_open3d
from scenerep_ros.mapping.scene_map import SceneMap
from scenerep_ros.pipeline import Pipeline
from scenerep_ros.ros.conversions.camera_messages import stamp_from_ns
from scenerep_ros.ros.conversions.map_messages import (
    map_detections_message,
    map_objects_message,
    map_points_message,
)
from scenerep_ros.ros.monitoring.problem_reporter import ProblemReporter
from scenerep_ros.ros.transport.camera_poses import CameraPoses

SIMILAR_COUNT = 5
"""Number of objects that ~/find_similar returns."""
LATCHED = QoSProfile(
    depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL, reliability=ReliabilityPolicy.RELIABLE
)


class PoseProvider(Protocol):
    """Function that adds the pose to a frame, or leaves it None."""

    def __call__(self, frame: RGBDFrame, /) -> RGBDFrame:
        """Return the frame with its pose, camera to the fixed frame."""


class MapStage:
    """Map of the node's segmented frames.

    `integrate` runs in the publishing thread, services in the executor's; a lock separates them.

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
        self._stamp_ns = 0
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

    def integrate(self, frame: RGBDFrame, scene: SceneSegmentation) -> None:
        """Add a segmented frame, and publish the map if it is due."""
        frame = self._add_pose(frame)
        with self._lock:
            result = self.map.integrate(self._recover(frame, scene), scene)
            if result.is_integrated:
                self._stamp_ns = frame.stamp_ns
                if time.monotonic() - self._published_at_s >= self._options().publish_period:
                    self._publish()
        if not result.is_integrated:
            self._reporter.report_warning(
                "not_mapped", f"frame left out of the map: {result.reason}"
            )

    def use_pipeline(self, pipeline: Pipeline) -> None:
        """Use another network: objects keep their places, and get new features when seen again."""
        side = 4 * pipeline.backbone.stride
        channels = pipeline.backbone(np.zeros((side, side, 3), np.uint8), side).grid.shape[2]
        with self._lock:
            self._pipeline = pipeline
            self.map.discard_features(channels)

    def destroy(self) -> None:
        """Destroy publishers, services and the subscription to tf."""
        if isinstance(self._add_pose, TfPoses):
            self._add_pose.close()
        for publisher in (self._points, self._objects, self._detections):
            if publisher is not None:
                self._node.destroy_publisher(publisher)
        for service in self._services:
            self._node.destroy_service(service)

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
        self._published_at_s = time.monotonic()

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
            raise ConfigError("map.folder is empty; set it to the folder of the map")
        return Path(folder).expanduser()

    def _save(self) -> str:
        path = self._folder()
        with atomic_folder(path, is_map) as folder:
            write_map(self.map.snapshot(), folder)
        return f"{len(self.map.objects())} objects written to {path}"

    def _load(self) -> str:
        self.map.restore(read_map(self._folder()))
        self._publish()
        return f"{len(self.map.objects())} objects read from {self._folder()}"

    def _clear(self) -> str:
        self.map.clear()
        self._publish()
        return "the map is empty"

    def _find_similar(self) -> str:
        """Return the objects that are most similar to `map.query`, as JSON."""
        query = self._options().query
        results = self.map.find_similar(self._query_feature(query), SIMILAR_COUNT + 1)
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
        image = cv2.imread(query) if query else None
        if image is None:
            raise ConfigError(
                f"map.query {query!r}: no object of the map and no readable image; set it to an id "
                "of ~/map_objects or to the path of an image"
            )
        color = np.ascontiguousarray(image[..., ::-1], np.uint8)
        grid = self._pipeline.compute_features(color).grid
        patches = grid.reshape(-1, grid.shape[-1]).float()
        mean = (patches / patches.norm(dim=1, keepdim=True)).mean(dim=0)
        return np.asarray((mean / mean.norm()).cpu().numpy(), np.float32)


def create_pose_provider(node: Node, options: MapNodeOptions) -> PoseProvider:
    """Return the source of poses: tf if it is selected or installed, else odometry.

    Raises:
        ConfigError: if the package that the poses need is missing.
    """
    has_tf = find_spec("tf2_ros") is not None
    if options.poses == "recorded" and not has_tf:
        raise ConfigError("map.poses recorded needs tf2_ros; install it, or select odometry")
    if options.poses != "odometry" and has_tf:
        return TfPoses(node, options.frame)
    import_open3d()
    return Odometry()


class TfPoses:
    """Poses from tf at the stamp of each frame; None where tf has none."""

    def __init__(self, node: Node, fixed_frame: str) -> None:
        self._poses = CameraPoses(node, fixed_frame)

    def __call__(self, frame: RGBDFrame) -> RGBDFrame:
        """Return the frame with its pose."""
        try:
            pose = self._poses.pose(frame.frame_id, stamp_from_ns(frame.stamp_ns))
        except FrameError:
            return replace(frame, pose=None)
        return replace(frame, pose=pose)

    def close(self) -> None:
        """Unsubscribe from tf."""
        self._poses.close()
