"""Segmenter over DDS with poses from tf: static and moving frames, gravity, and missing tf."""

from __future__ import annotations

import time

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")
pytest.importorskip("tf2_ros", reason="tf2_ros is not installed")

from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import TransformStamped, Vector3
from rclpy.qos import DurabilityPolicy, QoSProfile
from scipy.spatial.transform import Rotation
from segmenter_rig import FRAME_PERIOD_NS, make_frame, running_segmenter
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import Marker

from scenerep_ros.ros.conversions.camera_messages import stamp_from_ns

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
OPTICAL = np.array([[0, 0, 1], [-1, 0, 0], [0, -1, 0]])
"""Rotation of the optical frame of a camera that looks along the x axis of its mount."""
TILT_DEG, MOUNT_HEIGHT_M = 30.0, 1.2


def transform(parent, child, translation, rotation, stamp_ns=0):
    message = TransformStamped(child_frame_id=child)
    message.header.frame_id, message.header.stamp = parent, stamp_from_ns(stamp_ns)
    message.transform.translation = Vector3(
        **dict(zip("xyz", map(float, translation), strict=True))
    )
    for name, value in zip("xyzw", Rotation.from_matrix(rotation).as_quat(), strict=True):
        setattr(message.transform.rotation, name, float(value))
    return message


def camera_rotation():
    """Return the rotation from the camera, which looks down by TILT_DEG, to the base."""
    return Rotation.from_euler("y", TILT_DEG, degrees=True).as_matrix() @ OPTICAL


class Robot:
    """Publishes the static mount of the camera, and the moving base in the map."""

    def __init__(self, rig):
        self._static = rig.tester.create_publisher(TFMessage, "/tf_static", LATCHED)
        self._moving = rig.tester.create_publisher(TFMessage, "/tf", 10)
        mount = transform("base", "camera", (0, 0, MOUNT_HEIGHT_M), camera_rotation())
        self._static.publish(TFMessage(transforms=[mount]))
        rig.wait_for(lambda: self._static.get_subscription_count())
        rig.wait_for(lambda: self._moving.get_subscription_count())

    def move(self, stamp_ns, x):
        """Publish the base at position x of the map [m]."""
        moved = transform("map", "base", (x, 0, 0), np.eye(3), stamp_ns)
        self._moving.publish(TFMessage(transforms=[moved]))


@pytest.fixture(scope="module")
def tf_rig(ros_context):
    with running_segmenter(namespace="tf", target_frame="map") as rig:
        rig.robot = Robot(rig)
        yield rig


@pytest.fixture
def tf_rig_with_outputs(tf_rig):
    tf_rig.subscribe("objects", "points", "labels")
    return tf_rig


def boxes_of(rig, stamp_ns):
    """Return the boxes of a frame by id."""
    (message,) = [m for m in rig.received["objects"] if stamp_of(m.markers[0]) == stamp_ns]
    assert {m.header.frame_id for m in message.markers} == {"map"}
    return {m.id: m for m in message.markers if m.type == Marker.CUBE}


def stamp_of(marker):
    return marker.header.stamp.sec * 10**9 + marker.header.stamp.nanosec


def points_by_id(rig):
    """Return the points (n, 3) of each label of the latest cloud, in the optical frame."""
    fields = np.frombuffer(rig.received["points"][-1].data, "<f4").reshape(-1, 5)
    labels = fields[:, 4].view("<u4")
    finite = np.isfinite(fields[:, 2])
    return {int(id_): fields[finite & (labels == id_), :3] for id_ in np.unique(labels)}


def process(rig, positions, at=0.0):
    """Publish a frame between two positions of the base; return its boxes."""
    stamp_ns = rig.next_stamp(2 * FRAME_PERIOD_NS)
    start_ns = stamp_ns - round(at * FRAME_PERIOD_NS)
    for index, x in enumerate(positions):
        rig.robot.move(start_ns + index * FRAME_PERIOD_NS, x)
    rig.process(frame=make_frame(stamp_ns))
    rig.wait_for(lambda: rig.received["labels"] and rig.received["points"])
    rig.wait_for(lambda: rig.stamps("labels")[-1] == stamp_ns)
    rig.wait_for(lambda: rig.received["objects"] or not positions)
    return boxes_of(rig, stamp_ns) if positions else None


def center_of(box):
    position = box.pose.position
    return np.array([position.x, position.y, position.z])


def test_target_frame_places_objects_by_static_and_moving_tf(tf_rig_with_outputs):
    rig = tf_rig_with_outputs
    boxes = process(rig, [2.0, 4.0], at=0.25)  # tf interpolates: the base is at 2.5 m
    assert boxes
    points = points_by_id(rig)
    for id_, box in boxes.items():
        in_map = points[id_] @ camera_rotation().T + [2.5, 0, MOUNT_HEIGHT_M]
        bounds = np.percentile(in_map, (1, 99), axis=0)
        assert center_of(box) == pytest.approx(bounds.mean(axis=0), abs=0.1)


def test_target_frame_boxes_stand_upright_by_its_gravity(tf_rig_with_outputs):
    boxes = process(tf_rig_with_outputs, [0.0, 0.0])
    assert boxes
    for box in boxes.values():
        q = box.pose.orientation
        z_axis = Rotation.from_quat([q.x, q.y, q.z, q.w]).as_matrix()[:, 2]
        assert z_axis == pytest.approx([0, 0, 1], abs=1e-5)


def test_target_frame_missing_tf_stops_objects_only_until_it_returns(tf_rig_with_outputs):
    rig = tf_rig_with_outputs
    assert process(rig, [1.0, 1.0])
    missing = rig.warnings("no_transform")
    rig.next_stamp(10**9)  # tf is older than the next frame
    rig.subscribe("objects", "points", "labels")
    process(rig, [])
    assert rig.warnings("no_transform") == missing + 1
    assert not rig.received["objects"]
    start_s = time.monotonic()
    rig.wait_for(lambda: rig.diagnostics[-1].level == DiagnosticStatus.WARN)
    assert "no_transform" in rig.diagnostics[-1].message, time.monotonic() - start_s
    assert process(rig, [3.0, 3.0])


def test_target_frame_follows_tf_after_a_jump_back_in_time(tf_rig_with_outputs):
    rig = tf_rig_with_outputs
    assert process(rig, [1.0, 1.0])
    rig.next_stamp(-60 * 10**9)
    missing = rig.warnings("no_transform")
    process(rig, [])  # the first frame of the loop shows the jump
    assert rig.warnings("no_transform") == missing + 1
    rig.subscribe("objects", "points", "labels")
    assert process(rig, [3.0, 3.0])


def test_target_frame_subscriptions_end_with_cleanup(ros_context):
    with running_segmenter(namespace="cleaned", target_frame="map") as rig:
        node = rig.segmenter
        assert [s.topic_name for s in node.subscriptions].count("/tf") == 1
        services = len(list(node.services))
        for _ in range(2):
            node.trigger_deactivate()
            node.trigger_cleanup()
            assert "/tf" not in [s.topic_name for s in node.subscriptions]
            node.trigger_configure()
            node.trigger_activate()
        assert [s.topic_name for s in node.subscriptions].count("/tf") == 1
        assert len(list(node.services)) == services
