"""Map of the running segmenter with poses of a robot's tf, over DDS."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")
pytest.importorskip("tf2_ros", reason="tf2_ros is not installed")

from geometry_msgs.msg import TransformStamped, Vector3
from rclpy.qos import DurabilityPolicy, QoSProfile
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation
from segmenter_rig import running_segmenter
from sensor_msgs.msg import PointCloud2
from std_srvs.srv import Trigger
from tf2_msgs.msg import TFMessage

from scenerep_ros.geometry import deproject
from scenerep_ros.mapping.map_files import read_map
from scenerep_ros.ros.conversions.camera_messages import stamp_from_ns
from scenerep_ros.ros.nodes.map_stage import LATCHED
from scenerep_ros.sources import open_source

STATIC = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
MOUNT = np.eye(4)
MOUNT[:3, :3] = Rotation.from_euler("zyx", (-90, 0, -100), degrees=True).as_matrix()
MOUNT[:3, 3] = 0.1, 0.05, 1.2
"""Pose of the camera on the base."""
FRAME_COUNT = 6


def transform(parent, child, pose, stamp_ns=0):
    message = TransformStamped(child_frame_id=child)
    message.header.frame_id, message.header.stamp = parent, stamp_from_ns(stamp_ns)
    message.transform.translation = Vector3(**dict(zip("xyz", pose[:3, 3].tolist(), strict=True)))
    quaternion = Rotation.from_matrix(pose[:3, :3]).as_quat().tolist()
    for name, value in zip("xyzw", quaternion, strict=True):
        setattr(message.transform.rotation, name, value)
    return TFMessage(transforms=[message])


@pytest.fixture(scope="module")
def frames(tabletop_folder):
    source = open_source(tabletop_folder)
    return [source[index] for index in range(FRAME_COUNT + 1)]


@pytest.fixture(scope="module")
def mapped_rig(ros_context, tmp_path_factory, frames):
    """Run a segmenter that has mapped frames of a robot that publishes tf, and one frame without."""
    options = {"map__enabled": True, "map__poses": "recorded", "map__publish_period": 0.1}
    folder = tmp_path_factory.mktemp("tf") / "map"
    with running_segmenter(namespace="tf_map", map__folder=str(folder), **options) as rig:
        rig.folder, rig.points = folder, []
        static = rig.tester.create_publisher(TFMessage, "/tf_static", STATIC)
        moving = rig.tester.create_publisher(TFMessage, "/tf", 100)
        rig.tester.create_subscription(
            PointCloud2, "/tf_map/segmenter/map_points", rig.points.append, LATCHED
        )
        static.publish(transform("base", frames[0].frame_id, MOUNT))
        for publisher in (static, moving):
            rig.wait_for(publisher.get_subscription_count)
        for frame in frames[:-1]:
            base = frame.pose @ np.linalg.inv(MOUNT)
            moving.publish(transform("map", "base", base, frame.stamp_ns))
            rig.process(frame=frame)
        rig.missing = rig.warnings("not_mapped")
        flat = np.full_like(frames[-1].depth, 1.0)  # it cannot be located in the map either
        rig.process(frame=replace(frames[-1], depth=flat))
        yield rig


def test_map_with_tf_has_the_poses_of_the_robot(mapped_rig, frames):
    poses = mapped_rig.segmenter._map_stage.map.trajectory.poses
    assert len(poses) == FRAME_COUNT
    np.testing.assert_allclose(poses, [frame.pose for frame in frames[:-1]], atol=0.005)


def test_map_with_tf_has_its_points_in_the_fixed_frame(mapped_rig, frames):
    mapped_rig.wait_for(lambda: mapped_rig.points and mapped_rig.points[-1].width)
    assert mapped_rig.points[-1].header.frame_id == "map"
    cloud = np.frombuffer(mapped_rig.points[-1].data, np.float32).reshape(-1, 5)[:, :3]
    local = deproject(frames[0].depth, frames[0].intrinsics)[::8, ::8].reshape(-1, 3)
    world = local[np.isfinite(local[:, 2])] @ frames[0].pose[:3, :3].T + frames[0].pose[:3, 3]
    distances, _ = cKDTree(cloud).query(world)
    assert np.median(distances) < 0.02


def test_frame_without_tf_is_left_out_and_reported(mapped_rig):
    assert mapped_rig.warnings("not_mapped") == mapped_rig.missing + 1 == 1


def test_map_with_tf_is_saved_with_its_trajectory(mapped_rig, frames):
    assert mapped_rig.call(Trigger, "save_map", Trigger.Request()).success
    saved = read_map(mapped_rig.folder)
    stamps_ns = [frame.stamp_ns for frame in frames[:-1]]
    np.testing.assert_allclose(saved.stamps_ns, stamps_ns, rtol=0, atol=1000)  # text of seconds
