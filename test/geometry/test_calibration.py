"""Intrinsics from the content of camera_info."""

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.errors import FrameError
from scenerep_ros.frames import Intrinsics
from scenerep_ros.geometry import deproject
from scenerep_ros.geometry.calibration import Calibration, Region
from scenerep_ros.sources import open_source

CASES = Path(os.environ.get("SCENEREP_DATA", "../shared/data")).parent / "cases"
K, P = (500.0, 510.0, 319.5, 239.5), (400.0, 410.0, 300.0, 200.0)
EMPTY = (0.0, 0.0, 0.0, 0.0)
FULL = (480, 640)


def calibration(k=K, p=K, size=(640, 480), **fields):
    return Calibration(size, k, p, **fields)


def test_calibration_without_distortion_uses_the_projection_matrix():
    assert calibration(p=P).intrinsics(FULL, "/eye/image_raw") == Intrinsics(*P)


@pytest.mark.parametrize("topic", ["/direct/image_raw", "/rectory/color", "/eye/image"])
def test_calibration_with_distortion_describes_raw_images_by_k(topic):
    distorted = calibration(p=P, has_distortion=True)
    assert distorted.intrinsics(FULL, topic) == Intrinsics(*K)
    assert distorted.intrinsics(FULL, "/eye/image_rect_color") == Intrinsics(*P)


@pytest.mark.parametrize(("k", "p"), [(K, EMPTY), (EMPTY, K)])
@pytest.mark.parametrize("topic", ["/eye/image_raw", "/eye/image_rect"])
@pytest.mark.parametrize("has_distortion", [False, True])
def test_calibration_with_one_empty_matrix_uses_the_other(k, p, topic, has_distortion):
    found = calibration(k=k, p=p, has_distortion=has_distortion).intrinsics(FULL, topic)
    assert found == Intrinsics(*K)


def test_calibration_without_focal_lengths_raises():
    empty = calibration(k=EMPTY, p=EMPTY)
    assert not empty.is_calibrated
    with pytest.raises(FrameError, match="/eye/image: focal lengths are 0"):
        empty.intrinsics(FULL, "/eye/image")


def rays_of(camera, shape):
    """Return the directions of all pixel centers, (H, W, 2)."""
    v, u = np.indices(shape)
    return np.stack([(u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy], axis=-1)


def test_calibration_binned_image_sees_mean_directions_of_combined_pixels():
    full = rays_of(Intrinsics(*K), FULL)
    binned = calibration(binning=(2, 2)).intrinsics((240, 320), "/eye")
    expected = full.reshape(240, 2, 320, 2, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(rays_of(binned, (240, 320)), expected, atol=1e-9)


def test_calibration_region_keeps_directions_of_its_pixels():
    region = Region(100, 60, 320, 200)
    part = calibration(region=region).intrinsics((200, 320), "/eye")
    expected = rays_of(Intrinsics(*K), FULL)[60:260, 100:420]
    np.testing.assert_allclose(rays_of(part, (200, 320)), expected, atol=1e-9)


def test_calibration_binned_region_applies_both():
    both = calibration(region=Region(100, 60, 320, 200), binning=(2, 2))
    camera = both.intrinsics((100, 160), "/eye")
    assert (camera.fx, camera.fy) == (250.0, 255.0)
    assert (camera.cx, camera.cy) == (109.5, 89.5)


@pytest.mark.parametrize("fields", [{"binning": (2, 2)}, {"region": Region(10, 10, 100, 100)}])
def test_calibration_of_full_image_ignores_binning_and_region(fields):
    described = calibration(**fields)
    assert described.intrinsics(FULL, "/eye") == Intrinsics(*K)
    assert not described.is_resized(FULL)


def test_calibration_scales_to_resized_image_and_says_so():
    full = calibration()
    camera = full.intrinsics((240, 320), "/eye")
    assert camera == Intrinsics(250.0, 255.0, 159.5, 119.5)
    assert full.is_resized((240, 320))


def test_calibration_of_another_aspect_ratio_raises():
    with pytest.raises(FrameError, match="describes 640x480 images, but they are 640x360"):
        calibration().intrinsics((360, 640), "/eye")


def test_calibration_without_size_fits_every_image():
    unknown = calibration(size=(0, 0))
    assert unknown.intrinsics((37, 91), "/eye") == Intrinsics(*K)
    assert not unknown.is_resized((37, 91))


@pytest.mark.parametrize("names", ["kpd", "KPD"])
def test_calibration_reads_messages_of_both_ros_versions(names):
    k = [500.0, 0, 319.5, 0, 510.0, 239.5, 0, 0, 1]
    p = [400.0, 0, 300.0, 0, 0, 410.0, 200.0, 0, 0, 0, 1, 0]
    matrices = dict(zip(names, (k, p, [0.0, 0.1]), strict=True))
    roi = SimpleNamespace(x_offset=1, y_offset=2, width=3, height=4)
    message = SimpleNamespace(width=640, height=480, binning_x=0, binning_y=2, roi=roi, **matrices)
    assert Calibration.from_message(message) == Calibration(
        (640, 480), K, P, True, (1, 2), Region(1, 2, 3, 4)
    )


numbers = st.tuples(*[st.floats(width=32)] * 4)
sizes = st.tuples(*[st.integers(0, 2**32 - 1)] * 2)


@given(numbers, numbers, sizes, sizes, st.tuples(*[st.integers(0, 2**32 - 1)] * 4))
def test_calibration_random_content_gives_valid_camera_or_raises(k, p, size, binning, region):
    steps = max(binning[0], 1), max(binning[1], 1)
    described = Calibration(size, k, p, False, steps, Region(*region))
    try:
        camera = described.intrinsics((4, 6), "/eye")
    except FrameError:
        return
    assert camera.fx > 0
    assert camera.fy > 0


@pytest.mark.parametrize("name", ["ci_binning", "ci_roi"])
def test_bag_with_part_of_the_sensor_has_true_width(name):
    path = CASES / name
    if not path.is_dir():
        pytest.skip(f"the recording {name} is not in {CASES}")
    frame = next(iter(open_source(path)))
    points = deproject(frame.depth, frame.intrinsics)
    width = np.nanmax(points[..., 0]) - np.nanmin(points[..., 0])
    assert width == pytest.approx(1.57, abs=0.02)
