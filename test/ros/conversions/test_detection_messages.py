"""Objects as detections and features, for programs."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from scenerep_ros.frames import KINECT, Intrinsics, RGBDFrame, SceneObject, SceneSegmentation
from scenerep_ros.ros.conversions import scene_messages
from scenerep_ros.ros.conversions.cloud_message import CloudMessageBuffer
from scenerep_ros.ros.conversions.detection_messages import (
    detections_2d_message,
    detections_3d_message,
    features_message,
)
from scenerep_ros.ros.conversions.scene_view import SceneView

FEATURE = np.array([0.6, 0.8, 0.0], np.float32)


def make_view(pose=None, target_frame="", depth=True):
    """Create a view of object 3, a patch of 0.4 m at 1 m, before a wall."""
    labels = np.zeros((48, 64), np.uint16)
    labels[10:30, 8:28] = 3
    distance = np.where(labels == 3, 1.0, 2.0).astype(np.float32)
    frame = RGBDFrame(
        np.zeros((48, 64, 3), np.uint8),
        distance if depth else None,
        Intrinsics(50.0, 50.0, 31.5, 23.5),
        frame_id="eye",
        pose=pose,
    )
    scene = SceneSegmentation(labels, (SceneObject(3, 400, (8, 10, 20, 20), FEATURE, age=7),))
    return SceneView(frame, scene, CloudMessageBuffer(), target_frame=target_frame)


def camera_pose():
    """Return the pose of a camera 1.5 m above the base that looks along its x axis (REP 103)."""
    pose = np.eye(4)
    pose[:3, :3] = [[0, 0, 1], [-1, 0, 0], [0, -1, 0]]
    pose[:3, 3] = 0.1, 0.0, 1.5
    return pose


def test_detections_3d_have_id_and_box_of_each_object():
    pytest.importorskip("vision_msgs", reason="vision_msgs is not installed")
    message = detections_3d_message(make_view())
    (detection,) = message.detections
    assert (message.header.frame_id, detection.id) == ("eye", "3")
    assert detection.bbox.center.position.z == pytest.approx(1.0, abs=0.01)
    assert detection.bbox.size.x == pytest.approx(0.4, rel=0.1)
    assert detection.results[0].pose.pose == detection.bbox.center
    assert detections_3d_message(make_view(depth=False)) is None


def test_detections_2d_need_no_depth():
    pytest.importorskip("vision_msgs", reason="vision_msgs is not installed")
    (detection,) = detections_2d_message(make_view(depth=False)).detections
    center = detection.bbox.center.position
    assert (detection.id, center.x, center.y) == ("3", 17.5, 19.5)
    assert (detection.bbox.size_x, detection.bbox.size_y) == (20.0, 20.0)


def test_objects_in_a_target_frame_are_transformed():
    x, y, z = make_view().boxes[3].center
    expected = (z + 0.1, -x, 1.5 - y)
    view = make_view(camera_pose(), "base_link")
    np.testing.assert_allclose(view.placed_boxes()[3].center, expected, atol=1e-5)
    box, text = scene_messages.objects_message(view).markers[1:]
    assert box.header.frame_id == "base_link"
    assert text.pose.position.z > box.pose.position.z  # z points up in the target frame
    np.testing.assert_allclose(
        [box.pose.position.x, box.pose.position.y, box.pose.position.z], expected, atol=1e-5
    )


def test_objects_without_the_camera_pose_are_not_published():
    view = make_view(target_frame="base_link")
    assert scene_messages.objects_message(view) is None
    assert scene_messages.points_message(view).header.frame_id == "eye"


def read_features(message):
    dtype = np.dtype(
        [
            ("xyz", "<f4", 3),
            ("id", "<u4"),
            ("age", "<u4"),
            ("feature", "<f4", message.fields[-1].count),
        ]
    )
    assert message.point_step == dtype.itemsize
    return np.frombuffer(message.data, dtype)


def test_features_message_has_center_id_age_and_feature():
    view = make_view()
    (row,) = read_features(features_message(view))
    assert (row["id"], row["age"]) == (3, 7)
    np.testing.assert_array_equal(row["feature"], FEATURE)
    np.testing.assert_allclose(row["xyz"], view.boxes[3].center)
    (row,) = read_features(features_message(make_view(depth=False)))
    assert np.isnan(row["xyz"]).all()


def test_features_message_without_objects_is_empty():
    frame = RGBDFrame(np.zeros((4, 4, 3), np.uint8), intrinsics=KINECT)
    view = SceneView(frame, SceneSegmentation(np.zeros((4, 4), np.uint16)), CloudMessageBuffer())
    message = features_message(view)
    assert (message.width, len(message.data)) == (0, 0)
