"""Map of the running segmenter: topics and services."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")
pytest.importorskip("open3d", reason="the extra `map` is not installed")

from geometry_msgs.msg import Quaternion, Transform, Vector3
from segmenter_rig import running_segmenter
from sensor_msgs.msg import PointCloud2
from std_srvs.srv import Trigger
from visualization_msgs.msg import Marker, MarkerArray

from scenerep_ros.mapping.map_files import read_map, write_map
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
    assert loaded.message.startswith(f"{len(saved.objects)} objects read from {map_rig.folder}")
    assert "until one is found again in the map" in loaded.message


def test_map_is_saved_to_another_folder_while_running(map_rig, tmp_path):
    """A folder of other files is not replaced, nor a damaged map loaded."""
    map_rig.set_parameters(map__folder=str(tmp_path))
    assert trigger(map_rig, "save_map").success
    objects = len(read_map(tmp_path).objects)
    (tmp_path / "notes.txt").write_text("mine")
    refused = trigger(map_rig, "save_map")
    assert not refused.success
    assert "it holds other files; name a new folder" in refused.message
    (tmp_path / "objects.json").write_text("{")
    damaged = trigger(map_rig, "load_map")
    assert not damaged.success
    assert f"map {tmp_path}: damaged" in damaged.message
    assert len(map_rig.segmenter._map_stage.map.objects()) == objects
    map_rig.set_parameters(map__folder=str(map_rig.folder))


def test_loaded_map_of_another_network_gets_new_features(map_rig, tmp_path, tabletop_folder):
    trigger(map_rig, "save_map")
    saved = read_map(map_rig.folder)
    objects = tuple(replace(item, feature=item.feature[:7]) for item in saved.objects)
    write_map(replace(saved, objects=objects), tmp_path)
    map_rig.set_parameters(map__folder=str(tmp_path), map__query="nothing")
    assert trigger(map_rig, "load_map").success
    assert "no object of the map" in trigger(map_rig, "find_similar").message
    map_rig.process(frame=open_source(tabletop_folder)[6])
    assert map_rig.warnings("map_features") == 1
    assert {item.feature.size for item in map_rig.segmenter._map_stage.map.objects()} != {7}
    map_rig.set_parameters(map__folder=str(map_rig.folder))
    trigger(map_rig, "load_map")


def test_diagnostics_report_the_size_of_the_map(map_rig):
    map_rig.diagnostics.clear()
    map_rig.wait_for(lambda: map_rig.diagnostics)
    values = {pair.key: pair.value for pair in map_rig.diagnostics[-1].values}
    assert int(values["map.voxels"]) > 1000
    assert float(values["map.memory_mb"]) > 0.1
    assert values["map.dropped_voxels"] == values["map.dropped_objects"] == "0"
    assert "map.odometry_health" in values


def test_last_frames_are_published_without_a_further_one(map_rig):
    count = map_rig.segmenter._map_stage.map.snapshot().points.positions.shape[0]
    map_rig.wait_for(lambda: map_rig.points and map_rig.points[-1].width == count)
    assert map_rig.points[-1].width == count


def test_find_similar_returns_other_objects_best_first(map_rig):
    first = map_rig.segmenter._map_stage.map.objects()[0]
    (result,) = map_rig.set_parameters(map__query=first.id)  # as `ros2 param set` sends it
    assert result.successful, result.reason
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
