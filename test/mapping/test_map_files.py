"""Files of a map."""

import json

import numpy as np
import pytest
import trimesh
from box_world import Cuboid, make_frame, orbit

from scenerep_ros.config.options import MappingOptions
from scenerep_ros.errors import ConfigError, SourceError
from scenerep_ros.mapping.map_files import is_map, is_only_map, read_map, write_map
from scenerep_ros.mapping.scene_map import SceneMap


@pytest.fixture(scope="module")
def snapshot():
    scene_map = SceneMap(MappingOptions())
    for index, pose in enumerate(orbit(20)):
        scene_map.integrate(*make_frame([Cuboid(3, (0, 0)), Cuboid(5, (0, 0.5))], pose, index))
    return scene_map.snapshot()


def test_map_survives_writing_and_reading(tmp_path, snapshot):
    write_map(snapshot, tmp_path)
    result = read_map(tmp_path)
    np.testing.assert_array_equal(result.points.positions, snapshot.points.positions)
    np.testing.assert_array_equal(result.points.labels, snapshot.points.labels)
    np.testing.assert_allclose(result.poses, snapshot.poses, atol=1e-5)
    np.testing.assert_array_equal(result.stamps_ns, snapshot.stamps_ns)
    assert len(result.views.views) == len(snapshot.views.views) > 1
    for item, expected in zip(result.objects, snapshot.objects, strict=True):
        assert (item.id, item.last_seen_ns) == (expected.id, expected.last_seen_ns)
        np.testing.assert_allclose(item.box.center, expected.box.center, atol=1e-4)
        np.testing.assert_array_equal(item.feature, expected.feature)


def test_map_cloud_is_read_by_other_programs(tmp_path, snapshot):
    write_map(snapshot, tmp_path)
    cloud = trimesh.load(tmp_path / "cloud.ply")
    np.testing.assert_allclose(cloud.vertices, snapshot.points.positions)
    np.testing.assert_array_equal(cloud.colors[:, :3], snapshot.points.colors)


def test_map_objects_are_json_in_meters_and_seconds(tmp_path, snapshot):
    write_map(snapshot, tmp_path)
    first = json.loads((tmp_path / "objects.json").read_text())["objects"][0]
    np.testing.assert_allclose(first["center"], snapshot.objects[0].box.center, atol=1e-4)
    assert first["first_seen"] == 1000.0


@pytest.mark.parametrize(
    "name", ["objects.json", "cloud.ply", "features.safetensors", "views.safetensors"]
)
@pytest.mark.parametrize("length", [0, 100, -19])
def test_damaged_map_names_its_folder(tmp_path, snapshot, name, length):
    """A cloud that is cut off after a whole point, of 19 bytes, is damaged, too."""
    write_map(snapshot, tmp_path)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(SourceError, match=f"map {tmp_path}: damaged"):
        read_map(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [("center", [0, 1]), ("size", ["x", 1, 1]), ("confidence", 0), ("rotation", None)],
)
def test_map_with_an_invalid_object_is_damaged(tmp_path, snapshot, name, value):
    write_map(snapshot, tmp_path)
    path = tmp_path / "objects.json"
    content = json.loads(path.read_text())
    content["objects"][0][name] = value
    path.write_text(json.dumps(content))
    with pytest.raises(SourceError, match="damaged"):
        read_map(tmp_path)


def test_map_of_another_format_names_both_formats(tmp_path, snapshot):
    write_map(snapshot, tmp_path)
    path = tmp_path / "objects.json"
    path.write_text(path.read_text().replace("scenerep map 1", "scenerep map 9"))
    with pytest.raises(SourceError, match="'scenerep map 9', expected 'scenerep map 1'"):
        read_map(tmp_path)


def test_map_without_its_views_names_the_missing_file(tmp_path, snapshot):
    write_map(snapshot, tmp_path)
    (tmp_path / "views.safetensors").unlink()
    with pytest.raises(SourceError, match=r"cannot be read .*views\.safetensors"):
        read_map(tmp_path)


def test_folder_with_files_of_others_is_not_only_a_map(tmp_path, snapshot):
    write_map(snapshot, tmp_path)
    assert is_only_map(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    assert not is_only_map(tmp_path)


def test_folder_without_a_map_is_told_apart(tmp_path):
    assert not is_map(tmp_path)
    with pytest.raises(SourceError, match="scenerep map SOURCE --out DIR"):
        read_map(tmp_path)


def test_map_of_another_voxel_size_is_not_restored(snapshot):
    with pytest.raises(ConfigError, match=r"map\.voxel_size is 0\.05 m"):
        SceneMap(MappingOptions(voxel_size=0.05)).restore(snapshot)


def test_empty_map_survives_writing_and_reading(tmp_path):
    write_map(SceneMap(MappingOptions()).snapshot(), tmp_path)
    result = read_map(tmp_path)
    assert result.objects == ()
    assert result.points.positions.shape == (0, 3)
