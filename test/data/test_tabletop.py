"""Tests of the embedded table-top sequence against the claims of its README."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from data.render.trajectory import hand_held_poses

from scenerep_ros.frames import KINECT
from scenerep_ros.geometry import deproject, project
from scenerep_ros.sources import open_source

FOLDER = Path(__file__).parent / "tabletop"
OBJECTS = {
    int(key): name for key, name in json.loads((FOLDER / "objects.json").read_text()).items()
}


def read_rows(kind):
    """Return the columns of each line of a list file, without comments."""
    lines = (FOLDER / f"{kind}.txt").read_text().splitlines()
    return [line.split() for line in lines if not line.startswith("#")]


@pytest.fixture(scope="module")
def sequence():
    return open_source(FOLDER)


@pytest.fixture(scope="module")
def masks():
    return [cv2.imread(str(FOLDER / path), cv2.IMREAD_UNCHANGED) for _, path in read_rows("masks")]


@pytest.fixture(scope="module")
def depths():
    return [cv2.imread(str(FOLDER / path), cv2.IMREAD_UNCHANGED) for _, path in read_rows("depth")]


def test_lists_share_sixty_stamps_and_name_every_file():
    stamps = [stamp for stamp, _ in read_rows("rgb")]
    assert len(stamps) == 60
    for kind in ("depth", "masks", "groundtruth"):
        assert [row[0] for row in read_rows(kind)] == stamps
    listed_paths = {path for kind in ("rgb", "depth", "masks") for _, path in read_rows(kind)}
    existing_paths = {str(path.relative_to(FOLDER)) for path in FOLDER.glob("*/*")}
    assert existing_paths == listed_paths


def test_stamps_have_a_rate_of_30_hz():
    stamps = np.array([float(stamp) for stamp, _ in read_rows("rgb")])
    np.testing.assert_allclose(np.diff(stamps), 1 / 30, atol=2e-6)


def test_sequence_size_is_at_most_8_mb():
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) <= 8e6


def test_images_have_the_size_and_types_of_a_kinect(depths, masks):
    colors = [cv2.imread(str(FOLDER / path)) for _, path in read_rows("rgb")]
    assert {image.shape for image in colors} == {(480, 640, 3)}
    assert {(image.shape, image.dtype.name) for image in depths} == {((480, 640), "uint16")}
    assert {(image.shape, image.dtype.name) for image in masks} == {((480, 640), "uint8")}


def test_color_is_well_exposed_and_sharp():
    for _, path in read_rows("rgb")[::10]:
        gray = cv2.imread(str(FOLDER / path), cv2.IMREAD_GRAYSCALE)
        assert 90 < gray.mean() < 170
        assert np.isin(gray, (0, 255)).mean() < 0.01
        assert cv2.Laplacian(gray, cv2.CV_32F).std() > 5


def test_objects_keep_one_id_and_stay_visible(masks):
    areas = np.array([np.bincount(mask.ravel(), minlength=len(OBJECTS) + 1) for mask in masks])
    assert areas.shape[1] == len(OBJECTS) + 1
    assert 8 <= len(OBJECTS) <= 12
    assert (areas[:, 1:] > 150).all()
    assert (areas[:, 0] > areas[:, 1:].sum(1)).all()
    columns = np.tile(np.arange(640), 480)
    centers = [np.bincount(mask.ravel(), columns) for mask in masks] / areas
    assert np.abs(np.diff(centers, axis=0))[:, 1:].max() < 20


def warp(frame, target):
    """Project the pixels of a frame into a target frame.

    Returns:
        Row and column indices in the frame and in the target, and the expected depths (N,) in the
        target [m].
    """
    motion = np.linalg.inv(target.pose) @ frame.pose
    points = deproject(frame.depth, frame.intrinsics) @ motion[:3, :3].T + motion[:3, 3]
    u, v, expected = np.moveaxis(project(points, target.intrinsics), -1, 0)
    height, width = target.shape
    inside = (np.abs(u - width / 2) < width / 2 - 1) & (np.abs(v - height / 2) < height / 2 - 1)
    target_pixels = np.rint(v[inside]).astype(int), np.rint(u[inside]).astype(int)
    return np.nonzero(inside), target_pixels, expected[inside]


@pytest.mark.parametrize(("first", "second"), [(0, 1), (0, 20), (25, 40), (59, 0)])
def test_poses_depth_and_masks_agree(sequence, masks, first, second):
    source_pixels, target_pixels, expected = warp(sequence[first], sequence[second])
    error = sequence[second].depth[target_pixels] - expected
    unoccluded = np.abs(error) < 0.02
    assert np.nanmedian(np.abs(error)) < 0.004
    assert abs(np.median(error[unoccluded])) < 0.001
    same_id = masks[second][target_pixels] == masks[first][source_pixels]
    assert same_id[unoccluded].mean() > 0.98


@pytest.mark.parametrize(("first", "last"), [(0, 59), (59, 0)])
def test_objects_occlude_one_another_along_the_trajectory(sequence, masks, first, last):
    source_pixels, target_pixels, expected = warp(sequence[first], sequence[last])
    occluded = sequence[last].depth[target_pixels] < expected - 0.03
    on_object = masks[first][source_pixels] > 0
    assert occluded[on_object].mean() > 0.03


def test_trajectory_has_the_speed_of_a_hand_held_camera():
    positions = np.array(read_rows("groundtruth"), float)[:, 1:4]
    speed = 30 * np.linalg.norm(np.diff(positions, axis=0), axis=1)
    assert 0.1 < speed.mean() < 0.5
    assert speed.max() < 1
    assert np.linalg.norm(positions[-1] - positions[0]) > 0.4


def test_hand_held_poses_reproduce_the_ground_truth(sequence):
    poses = hand_held_poses(np.arange(60) / 30, seed=7)
    np.testing.assert_allclose([frame.pose for frame in sequence], poses, atol=1e-5)


def test_depth_is_dense_on_objects_except_the_phone(depths, masks):
    valid_ratios = {id_: [] for id_ in OBJECTS}
    for depth, mask in zip(depths[::6], masks[::6], strict=True):
        for id_ in OBJECTS:
            valid_ratios[id_].append((depth[mask == id_] > 0).mean())
    mean_ratio = {OBJECTS[id_]: np.mean(ratios) for id_, ratios in valid_ratios.items()}
    assert mean_ratio.pop("phone") < 0.5
    assert min(mean_ratio.values()) > 0.85


def test_depth_is_quantized_within_the_sensor_range(depths):
    values = np.unique(depths[30])[1:]
    assert values.min() >= 2500
    assert values.max() <= 25000
    assert len(values) < 1000


def test_source_yields_the_content_of_the_files(sequence, depths, masks):
    assert len(sequence) == 60
    frame = sequence[17]
    np.testing.assert_allclose(np.nan_to_num(frame.depth), depths[17] / 5000, atol=1e-6)
    np.testing.assert_array_equal(sequence.ground_truth(17), masks[17])
    assert frame.intrinsics == KINECT
