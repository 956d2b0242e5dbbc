"""Labelled clouds and their PLY files."""

from __future__ import annotations

import numpy as np
import trimesh

from scenerep_ros.frames import Intrinsics
from scenerep_ros.geometry import (
    CLOUD_DTYPE,
    cloud_coordinates,
    colorize_cloud,
    deproject,
    fill_cloud,
    labelled_cloud,
    write_ply,
)


def make_inputs():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(4, 5, 3)).astype(np.float32)
    points[1, 2] = np.nan
    color = rng.integers(0, 256, (4, 5, 3), dtype=np.uint8)
    labels = rng.integers(0, 65536, (4, 5)).astype(np.uint16)
    return points, color, labels


def packed_colors(color: np.ndarray) -> np.ndarray:
    red, green, blue = (color[..., i].astype(np.uint32) for i in range(3))
    return red << 16 | green << 8 | blue


def test_labelled_cloud_has_the_memory_layout_of_pcl():
    points, color, labels = make_inputs()
    cloud = labelled_cloud(points, color, labels)
    assert cloud.shape == (4, 5)
    assert cloud.dtype.itemsize == 20
    assert [cloud.dtype.fields[n][1] for n in ("x", "y", "z", "rgb", "label")] == [0, 4, 8, 12, 16]
    for axis, name in enumerate("xyz"):
        np.testing.assert_array_equal(cloud[name], points[..., axis])
    np.testing.assert_array_equal(cloud["rgb"].copy().view(np.uint32), packed_colors(color))
    np.testing.assert_array_equal(cloud["label"], labels)


def test_cloud_coordinates_is_a_writable_view():
    points, color, labels = make_inputs()
    cloud = labelled_cloud(points, color, labels)
    cloud_coordinates(cloud)[2, 3] = [7, 8, 9]
    assert cloud[2, 3].tolist()[:3] == (7, 8, 9)


def test_colorize_cloud_changes_colors_only():
    points, color, labels = make_inputs()
    cloud = labelled_cloud(points, color, labels)
    colorize_cloud(cloud, 255 - color)
    np.testing.assert_array_equal(cloud["rgb"].copy().view(np.uint32), packed_colors(255 - color))
    np.testing.assert_array_equal(cloud_coordinates(cloud), points)
    np.testing.assert_array_equal(cloud["label"], labels)


def test_fill_cloud_equals_the_cloud_of_deprojected_points():
    _, color, labels = make_inputs()
    depth = np.random.default_rng(1).uniform(0.5, 3, (4, 5)).astype(np.float32)
    depth[0, :3] = 0, np.nan, np.inf
    camera = Intrinsics(5.0, 6.0, 2.0, 1.5)
    cloud = fill_cloud(np.zeros((4, 5), CLOUD_DTYPE), depth, camera, labels, color)
    expected = labelled_cloud(deproject(depth, camera), color, labels)
    assert cloud.tobytes() == expected.tobytes()


def test_write_ply_stores_the_finite_points(tmp_path):
    points, color, labels = make_inputs()
    path = tmp_path / "clouds" / "a.ply"
    write_ply(path, labelled_cloud(points, color, labels))
    header, body = path.read_bytes().split(b"end_header\n", 1)
    assert b"element vertex 19\n" in header
    layout = [(n, "<f4") for n in "xyz"] + [(n, "u1") for n in ("r", "g", "b")] + [("label", "<i4")]
    vertices = np.frombuffer(body, layout)
    finite = np.isfinite(points[..., 2])
    np.testing.assert_array_equal(vertices["z"], points[finite][:, 2])
    np.testing.assert_array_equal(vertices["g"], color[finite][:, 1])
    np.testing.assert_array_equal(vertices["label"], labels[finite])
    assert [p.name for p in path.parent.iterdir()] == ["a.ply"]


def test_write_ply_is_readable_by_trimesh(tmp_path):
    points, color, labels = make_inputs()
    path = tmp_path / "a.ply"
    write_ply(path, labelled_cloud(points, color, labels))
    cloud = trimesh.load(path)
    finite = np.isfinite(points[..., 2])
    np.testing.assert_array_equal(cloud.vertices.astype(np.float32), points[finite])
    np.testing.assert_array_equal(cloud.colors[:, :3], color[finite])
    vertices = cloud.metadata["_ply_raw"]["vertex"]["data"]
    np.testing.assert_array_equal(vertices["label"], labels[finite])
