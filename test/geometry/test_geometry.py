from __future__ import annotations

import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.transform import Rotation

from scenerep_ros import geometry
from scenerep_ros.frames import KINECT, Intrinsics
from scenerep_ros.geometry import boxes

SMALL = Intrinsics(60.0, 55.0, 31.5, 20.0)


@given(
    hnp.arrays(np.float32, (8, 10), elements=st.floats(0.125, 50, width=32)),
    st.floats(20, 600),
    st.floats(-5, 15),
)
def test_projecting_a_deprojected_image_gives_its_pixels_back(depth, focal, centre):
    intrinsics = Intrinsics(focal, focal * 1.1, centre, centre / 2)
    u, v, z = np.moveaxis(
        geometry.project(geometry.deproject(depth, intrinsics), intrinsics), -1, 0
    )
    np.testing.assert_allclose(u, np.arange(10)[None].repeat(8, 0), atol=1e-3)
    np.testing.assert_allclose(v, np.arange(8)[:, None].repeat(10, 1), atol=1e-3)
    np.testing.assert_allclose(z, depth)


@pytest.mark.parametrize("nothing", [np.nan, np.inf, 0.0, -1.0])
def test_what_is_no_measurement_has_no_point(nothing):
    depth = np.array([[1.0, nothing], [2.0, 3.0]], np.float32)
    points = geometry.deproject(depth, SMALL)
    assert np.isnan(points[0, 1]).all()
    assert np.isfinite(points[1]).all()
    assert np.isnan(geometry.invert_depth(depth)[0, 1])
    assert geometry.invert_depth(depth)[1, 0] == 0.5


def test_points_behind_the_camera_have_no_pixel():
    assert np.isnan(geometry.project(np.array([0.1, 0.2, -1.0], np.float32), KINECT)).all()


def inverse_depth_of(normal, distance, noise, seed=0):
    """Inverse depth image of a plane, with a Kinect's noise: constant in 1 / z."""
    rays = geometry.viewing_rays(KINECT, 480, 640)[::4, ::4]
    w = rays @ np.asarray(normal, np.float32) / distance
    noisy = w + np.random.default_rng(seed).normal(0, noise, w.shape)
    return np.where(w > 0.05, noisy, np.nan).astype(np.float32), rays


@given(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.floats(0.4, 3.0))
def test_a_noisy_plane_is_found_to_a_degree_and_a_centimetre(x, y, distance):
    normal = np.array([x, y, 1.0]) / np.sqrt(x * x + y * y + 1)
    w, rays = inverse_depth_of(normal, distance, noise=0.003)
    plane = geometry.find_planes(w, rays, tolerance=0.012)[0]
    assert plane.normal @ normal > np.cos(np.deg2rad(1))
    assert plane.distance == pytest.approx(distance, abs=0.01 * max(1, distance))


def test_two_planes_come_largest_first_and_outliers_do_not_bend_them():
    floor, rays = inverse_depth_of([0.0, 0.8, 0.6], 1.0, noise=0.002)
    wall, _ = inverse_depth_of([0.0, 0.0, 1.0], 2.0, noise=0.002, seed=1)
    w = np.fmax(floor, wall)
    w[60:100, 40:90] = np.random.default_rng(2).uniform(1, 3, (40, 50))
    first, second = geometry.find_planes(w, rays, tolerance=0.012)[:2]
    np.testing.assert_allclose(first.normal, [0, 0.8, 0.6], atol=0.02)
    np.testing.assert_allclose(second.normal, [0, 0, 1], atol=0.02)
    assert (first.distance, second.distance) == pytest.approx((1.0, 2.0), abs=0.03)


def test_noise_has_no_planes():
    rays = geometry.viewing_rays(KINECT, 480, 640)[::4, ::4]
    w = np.random.default_rng(0).uniform(0.3, 2, rays.shape[:2]).astype(np.float32)
    assert geometry.find_planes(w, rays, tolerance=0.01) == []
    assert geometry.find_planes(np.full_like(w, np.nan), rays, tolerance=0.01) == []
    assert geometry.find_planes(w[:3, :3], rays[:3, :3], tolerance=0.01) == []


def test_height_is_towards_the_camera():
    plane = geometry.Plane(np.array([0, 0, 1], np.float32), 2.0)
    np.testing.assert_allclose(plane.height(np.array([[5, 5, 1.5], [0, 0, 2.5]])), [0.5, -0.5])


def test_a_cuboid_on_a_plane_gets_its_own_box_despite_outliers():
    rng = np.random.default_rng(0)
    rotation = Rotation.from_euler("xyz", [0.6, 0.2, 0.9]).as_matrix()
    size = np.array([0.3, 0.2, 0.1])
    points = rng.uniform(-0.5, 0.5, (5000, 3)) * size @ rotation.T + [0.1, 0.2, 1.0]
    points[:20] = rng.uniform(-2, 4, (20, 3))
    points[20:40] = np.nan
    box = geometry.object_box(points.astype(np.float32), up=rotation[:, 2])
    np.testing.assert_allclose(box.center, [0.1, 0.2, 1.0], atol=0.01)
    np.testing.assert_allclose(np.sort(box.size), np.sort(size), atol=0.015)
    assert box.size[2] == pytest.approx(0.1, abs=0.01)
    assert np.linalg.det(box.rotation) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(
        Rotation.from_quat(box.quaternion).as_matrix(), box.rotation, atol=1e-5
    )


def test_without_support_the_box_is_aligned_with_the_camera():
    corners = np.array([[0, 0, 1], [0.4, 0, 1], [0, 0.2, 1], [0.4, 0.2, 1.3]], np.float32)
    box = geometry.object_box(corners.repeat(100, axis=0))
    np.testing.assert_allclose(box.center, [0.2, 0.1, 1.15], atol=1e-6)
    np.testing.assert_allclose(box.size, [0.4, 0.2, 0.3], atol=1e-6)
    assert box.quaternion == (0, 0, 0, 1)


@given(st.integers(3, 400), st.integers(0, 10**6))
def test_a_box_spans_percentiles(count, seed):
    points = np.random.default_rng(seed).normal(size=(count, 3)).astype(np.float32)
    box = geometry.object_box(points)
    low, high = np.percentile(points, boxes.PERCENTILES, axis=0)
    np.testing.assert_allclose(box.center - box.size / 2, low, atol=1e-5)
    np.testing.assert_allclose(box.center + box.size / 2, high, atol=1e-5)


def test_a_point_that_lacks_one_coordinate_does_not_count():
    points = np.random.default_rng(0).random((300, 3), np.float32)
    holes = points.repeat(2, axis=0)
    holes[1::2][np.arange(300), np.arange(300) % 3] = np.nan
    np.testing.assert_array_equal(geometry.object_box(holes).size, geometry.object_box(points).size)


def test_too_few_points_have_no_box():
    assert geometry.object_box(np.full((4, 4, 3), np.nan, np.float32)) is None


def scene():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(4, 5, 3)).astype(np.float32)
    points[1, 2] = np.nan
    color = rng.integers(0, 256, (4, 5, 3), dtype=np.uint8)
    labels = rng.integers(0, 65536, (4, 5)).astype(np.uint16)
    return points, color, labels


def test_cloud_has_the_memory_layout_of_pcl():
    points, color, labels = scene()
    cloud = geometry.labelled_cloud(points, color, labels)
    assert cloud.shape == (4, 5)
    assert cloud.dtype.itemsize == 20
    assert [cloud.dtype.fields[n][1] for n in ("x", "y", "z", "rgb", "label")] == [0, 4, 8, 12, 16]
    for axis, name in enumerate("xyz"):
        np.testing.assert_array_equal(cloud[name], points[..., axis])
    packed = cloud["rgb"].copy().view(np.uint32)
    red, green, blue = (color[..., i].astype(np.uint32) for i in range(3))
    np.testing.assert_array_equal(packed, red << 16 | green << 8 | blue)
    np.testing.assert_array_equal(cloud["label"], labels)


def test_ply_holds_the_points_that_have_depth(tmp_path):
    points, color, labels = scene()
    path = tmp_path / "clouds" / "a.ply"
    geometry.write_ply(path, geometry.labelled_cloud(points, color, labels))
    head, body = path.read_bytes().split(b"end_header\n", 1)
    assert b"element vertex 19\n" in head
    layout = [(n, "<f4") for n in "xyz"] + [(n, "u1") for n in ("r", "g", "b")] + [("label", "<i4")]
    vertices = np.frombuffer(body, layout)
    known = np.isfinite(points[..., 2])
    np.testing.assert_array_equal(vertices["z"], points[known][:, 2])
    np.testing.assert_array_equal(vertices["g"], color[known][:, 1])
    np.testing.assert_array_equal(vertices["label"], labels[known])
    assert [p.name for p in path.parent.iterdir()] == ["a.ply"]


def test_another_program_reads_the_ply(tmp_path):
    points, color, labels = scene()
    path = tmp_path / "a.ply"
    geometry.write_ply(path, geometry.labelled_cloud(points, color, labels))
    cloud = trimesh.load(path)
    known = np.isfinite(points[..., 2])
    np.testing.assert_array_equal(cloud.vertices.astype(np.float32), points[known])
    np.testing.assert_array_equal(cloud.colors[:, :3], color[known])
    vertices = cloud.metadata["_ply_raw"]["vertex"]["data"]
    np.testing.assert_array_equal(vertices["label"], labels[known])
