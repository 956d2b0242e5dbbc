"""The embedded sequence is what its README says it is."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from scenerep_ros.frames import KINECT
from scenerep_ros.geometry import deproject, project
from scenerep_ros.sources import open_source

FOLDER = Path(__file__).parent / "tabletop"
OBJECTS = {
    int(key): name for key, name in json.loads((FOLDER / "objects.json").read_text()).items()
}


def rows(kind):
    lines = (FOLDER / f"{kind}.txt").read_text().splitlines()
    return [line.split() for line in lines if not line.startswith("#")]


@pytest.fixture(scope="module")
def sequence():
    return open_source(FOLDER)


@pytest.fixture(scope="module")
def masks():
    return [cv2.imread(str(FOLDER / path), cv2.IMREAD_UNCHANGED) for _, path in rows("masks")]


@pytest.fixture(scope="module")
def depths():
    return [cv2.imread(str(FOLDER / path), cv2.IMREAD_UNCHANGED) for _, path in rows("depth")]


def test_lists_name_the_same_sixty_stamps_and_every_file():
    stamps = [stamp for stamp, _ in rows("rgb")]
    assert len(stamps) == 60
    for kind in ("depth", "masks", "groundtruth"):
        assert [row[0] for row in rows(kind)] == stamps
    listed = {path for kind in ("rgb", "depth", "masks") for _, path in rows(kind)}
    found = {str(path.relative_to(FOLDER)) for path in FOLDER.glob("*/*")}
    assert found == listed


def test_it_runs_at_30_hz():
    stamps = np.array([float(stamp) for stamp, _ in rows("rgb")])
    np.testing.assert_allclose(np.diff(stamps), 1 / 30, atol=2e-6)


def test_it_is_small_enough_to_commit():
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) <= 8e6


def test_images_are_of_a_kinect(depths, masks):
    colors = [cv2.imread(str(FOLDER / path)) for _, path in rows("rgb")]
    assert {image.shape for image in colors} == {(480, 640, 3)}
    assert {(image.shape, image.dtype.name) for image in depths} == {((480, 640), "uint16")}
    assert {(image.shape, image.dtype.name) for image in masks} == {((480, 640), "uint8")}


def test_colour_is_well_exposed_and_sharp():
    for _, path in rows("rgb")[::10]:
        grey = cv2.imread(str(FOLDER / path), cv2.IMREAD_GRAYSCALE)
        assert 90 < grey.mean() < 170
        assert np.isin(grey, (0, 255)).mean() < 0.01
        assert cv2.Laplacian(grey, cv2.CV_32F).std() > 5


def test_every_object_keeps_one_id_and_stays_in_sight(masks):
    areas = np.array([np.bincount(mask.ravel(), minlength=len(OBJECTS) + 1) for mask in masks])
    assert areas.shape[1] == len(OBJECTS) + 1
    assert 8 <= len(OBJECTS) <= 12
    assert (areas[:, 1:] > 150).all()
    assert (areas[:, 0] > areas[:, 1:].sum(1)).all()
    columns = np.tile(np.arange(640), 480)
    centres = [np.bincount(mask.ravel(), columns) for mask in masks] / areas
    assert np.abs(np.diff(centres, axis=0))[:, 1:].max() < 20


def warp(frame, target):
    """Follow a frame's pixels into another frame.

    Returns:
        Indices of the pixels here and there, and the depths (N,) expected there.
    """
    motion = np.linalg.inv(target.pose) @ frame.pose
    points = deproject(frame.depth, frame.intrinsics) @ motion[:3, :3].T + motion[:3, 3]
    u, v, expected = np.moveaxis(project(points, target.intrinsics), -1, 0)
    height, width = target.shape
    inside = (np.abs(u - width / 2) < width / 2 - 1) & (np.abs(v - height / 2) < height / 2 - 1)
    there = np.rint(v[inside]).astype(int), np.rint(u[inside]).astype(int)
    return np.nonzero(inside), there, expected[inside]


@pytest.mark.parametrize(("first", "second"), [(0, 1), (0, 20), (25, 40), (59, 0)])
def test_poses_depth_and_masks_agree(sequence, masks, first, second):
    here, there, expected = warp(sequence[first], sequence[second])
    error = sequence[second].depth[there] - expected
    static = np.abs(error) < 0.02
    assert np.nanmedian(np.abs(error)) < 0.004
    assert abs(np.median(error[static])) < 0.001
    assert (masks[second][there] == masks[first][here])[static].mean() > 0.98


@pytest.mark.parametrize(("first", "last"), [(0, 59), (59, 0)])
def test_objects_hide_one_another_along_the_way(sequence, masks, first, last):
    here, there, expected = warp(sequence[first], sequence[last])
    hidden = sequence[last].depth[there] < expected - 0.03
    on_object = masks[first][here] > 0
    assert hidden[on_object].mean() > 0.03


def test_the_camera_moves_as_a_hand_does():
    places = np.array(rows("groundtruth"), float)[:, 1:4]
    speed = 30 * np.linalg.norm(np.diff(places, axis=0), axis=1)
    assert 0.1 < speed.mean() < 0.5
    assert speed.max() < 1
    assert np.linalg.norm(places[-1] - places[0]) > 0.4


def test_depth_is_there_on_objects_but_not_on_the_dark_mirror(depths, masks):
    known = {id_: [] for id_ in OBJECTS}
    for depth, mask in zip(depths[::6], masks[::6], strict=True):
        for id_ in OBJECTS:
            known[id_].append((depth[mask == id_] > 0).mean())
    share = {OBJECTS[id_]: np.mean(values) for id_, values in known.items()}
    assert share.pop("phone") < 0.5
    assert min(share.values()) > 0.85


def test_depth_is_quantised_within_the_sensor_s_range(depths):
    values = np.unique(depths[30])[1:]
    assert values.min() >= 2500
    assert values.max() <= 25000
    assert len(values) < 1000


def test_the_source_reads_what_the_files_hold(sequence, depths, masks):
    assert len(sequence) == 60
    frame = sequence[17]
    np.testing.assert_allclose(np.nan_to_num(frame.depth), depths[17] / 5000, atol=1e-6)
    np.testing.assert_array_equal(sequence.ground_truth(17), masks[17])
    assert frame.intrinsics == KINECT
