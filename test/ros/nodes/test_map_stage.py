"""Map of the running segmenter: topics and services."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")
pytest.importorskip("open3d", reason="the extra `map` is not installed")

from geometry_msgs.msg import Quaternion, Transform, Vector3
from segmenter_rig import running_segmenter
from sensor_msgs.msg import PointCloud2
from std_srvs.srv import Trigger
from visualization_msgs.msg import Marker, MarkerArray

from scenerep_ros.mapping.map_files import read_map
from scenerep_ros.ros.nodes.map_stage import LATCHED
from scenerep_ros.ros.transport.camera_poses import matrix_of
from scenerep_ros.sources import open_source


@pytest.fixture(scope="module")
def map_rig(tmp_path_factory, tabletop_folder):
    """Run a segmenter that has mapped six frames of the embedded sequence."""
    folder = tmp_path_factory.mktemp("node") / "map"
    options = {"map__enabled": True, "map__poses": "odometry", "map__publish_period": 0.1}
    with running_segmenter(map__folder=str(folder), map__frame="world", **options) as rig:
        source = open_source(tabletop_folder)
        rig.folder, rig.points, rig.objects = folder, [], []
        rig.tester.create_subscription(
            PointCloud2, "/segmenter/map_points", rig.points.append, LATCHED
        )
        rig.tester.create_subscription(
            MarkerArray, "/segmenter/map_objects", rig.objects.append, LATCHED
        )
        for index in range(6):
            rig.process(frame=source[index])
        yield rig


def trigger(rig, name):
    return rig.call(Trigger, name, Trigger.Request())


def test_map_topics_carry_labelled_points_and_boxes(map_rig):
    map_rig.wait_for(lambda: map_rig.points and map_rig.objects)
    cloud = np.frombuffer(map_rig.points[-1].data, np.float32).reshape(-1, 5)
    assert len(cloud) == map_rig.points[-1].width > 1000
    assert np.isfinite(cloud[:, :3]).all()
    assert map_rig.points[-1].header.frame_id == "world"
    map_rig.wait_for(lambda: len(map_rig.objects[-1].markers) > 1)
    boxes = [item for item in map_rig.objects[-1].markers if item.type == Marker.CUBE]
    labels = np.frombuffer(map_rig.points[-1].data, np.uint32).reshape(-1, 5)[:, 4]
    assert {marker.id for marker in boxes[1:]} <= set(labels.tolist())


def test_map_is_saved_cleared_and_loaded(map_rig):
    assert trigger(map_rig, "save_map").success
    saved = read_map(map_rig.folder)
    assert saved.objects
    assert trigger(map_rig, "clear_map").message == "the map is empty"
    assert not map_rig.segmenter._map_stage.map.objects()
    loaded = trigger(map_rig, "load_map")
    assert loaded.message.startswith(f"{len(saved.objects)} objects read from")


def test_find_similar_returns_other_objects_best_first(map_rig):
    first = map_rig.segmenter._map_stage.map.objects()[0]
    map_rig.set_parameters(map__query=str(first.id))
    entries = json.loads(trigger(map_rig, "find_similar").message)
    similarities = [entry["similarity"] for entry in entries]
    assert similarities == sorted(similarities, reverse=True)
    assert first.id not in {entry["id"] for entry in entries}


def test_find_similar_accepts_an_image_as_example(map_rig, tabletop_folder):
    path = next((tabletop_folder / "rgb").iterdir())
    map_rig.set_parameters(map__query=str(path))
    assert json.loads(trigger(map_rig, "find_similar").message)


def test_find_similar_of_an_unknown_query_says_what_to_set(map_rig):
    map_rig.set_parameters(map__query="nothing")
    response = trigger(map_rig, "find_similar")
    assert not response.success
    assert "map.query 'nothing': no object of the map and no readable image" in response.message


def test_transform_is_converted_to_a_pose():
    transform = Transform(
        translation=Vector3(x=1.0, y=2.0, z=3.0), rotation=Quaternion(x=0.0, y=0.0, z=1.0, w=0.0)
    )
    np.testing.assert_allclose(
        matrix_of(transform),
        [[-1, 0, 0, 1], [0, -1, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]],
        atol=1e-12,
    )
