"""Objects of a map as markers and detections."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from std_msgs.msg import Header
from visualization_msgs.msg import Marker

from scenerep_ros.frames import MapObject
from scenerep_ros.geometry import Box
from scenerep_ros.ros.conversions.map_messages import map_detections_message, map_objects_message

BOX = Box(
    np.array([1, 2, 3], np.float32),
    np.array([0.2, 0.3, 0.4], np.float32),
    np.eye(3, dtype=np.float32),
)
OBJECTS = (MapObject(7, BOX, 500, np.ones(4, np.float32), 0, 10**9, 0.75),)
HEADER = Header(frame_id="map")


def test_map_markers_delete_earlier_ones_and_draw_each_object():
    first, box, text = map_objects_message(OBJECTS, HEADER).markers
    assert first.action == Marker.DELETEALL
    assert (box.id, box.type, text.text) == (7, Marker.CUBE, "7")
    assert box.pose.position.z == pytest.approx(3)


def test_map_detections_have_id_box_and_confidence():
    pytest.importorskip("vision_msgs", reason="vision_msgs is not installed")
    message = map_detections_message(OBJECTS, HEADER)
    (detection,) = message.detections
    assert (message.header.frame_id, detection.id) == ("map", "7")
    assert detection.bbox.size.y == pytest.approx(0.3)
    assert detection.results[0].hypothesis.score == pytest.approx(0.75)
    assert detection.results[0].pose.pose == detection.bbox.center
