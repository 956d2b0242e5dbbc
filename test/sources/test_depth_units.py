"""Check of the unit of recorded depth."""

import json

import numpy as np
import pytest
from recordings import START, color_image, depth_image, record, write_image, write_rgbd

from scenerep_ros.sources import open_source
from scenerep_ros.sources.depth_units import UNITS_M, depth_unit_factor

DEPTH_M = np.linspace(0.6, 3.0, 24 * 32, dtype=np.float32).reshape(24, 32)


@pytest.mark.parametrize("median", [0.06, 0.5, 1.5, 8.0, 19.0])
def test_plausible_depth_is_kept(median):
    depth = np.full((4, 4), median, np.float32)
    assert depth_unit_factor("x", [depth], 0.001, is_float=False) == 1


@pytest.mark.parametrize("median", [1e-6, 1e9])
def test_depth_that_no_unit_explains_is_kept_with_a_warning(median, caplog):
    depth = np.full((4, 4), median, np.float32)
    assert depth_unit_factor("x", [depth], 1.0, is_float=True) == 1
    assert "no unit in common use explains it" in caplog.text


def test_depth_without_measurements_is_no_evidence():
    assert depth_unit_factor("x", [np.full((4, 4), np.nan, np.float32)], 1.0, is_float=True) == 1


@pytest.mark.parametrize("name", ["ros1.bag", "mcap"])
def test_bag_of_float_millimeters_is_corrected_with_a_warning(tmp_path, name, caplog):
    with record(tmp_path / name) as bag:
        for index in range(3):
            bag.image("/c/color/image", START + index, color_image(index), "rgb8")
            bag.image("/c/depth/image", START + index, DEPTH_M * 1000, "32FC1")
    for frame in open_source(tmp_path / name):
        np.testing.assert_allclose(frame.depth, DEPTH_M, rtol=1e-5)
    assert "in units of mm explains it (median 1.80 m)" in caplog.text


@pytest.mark.parametrize("stored", [DEPTH_M, DEPTH_M * 1000])
def test_folder_of_float_depth_is_read_in_either_unit(tmp_path, stored):
    write_image(tmp_path / "color" / "a.png", color_image(0))
    write_image(tmp_path / "depth" / "a.tiff", stored)
    np.testing.assert_allclose(open_source(tmp_path)[0].depth, DEPTH_M, rtol=1e-5)


def test_folder_with_stated_unit_is_not_corrected(tmp_path, caplog):
    write_rgbd(tmp_path)
    (tmp_path / "camera.json").write_text(json.dumps({"depth_scale": 1.0}))
    assert np.nanmedian(open_source(tmp_path)[1].depth) > 100
    assert "correct depth_scale in camera.json" in caplog.text


@pytest.mark.parametrize("unit", ["0.1 mm", "1/5000 m"])
def test_folder_of_fine_units_beyond_the_range_is_corrected(tmp_path, unit):
    raw = np.full((24, 32), min(5.0 / UNITS_M[unit], 60_000), np.uint16)
    write_image(tmp_path / "color" / "a.png", color_image(0))
    write_image(tmp_path / "depth" / "a.png", raw)
    assert np.nanmedian(open_source(tmp_path)[0].depth) < 20


def test_folder_of_millimeters_is_kept(tmp_path):
    depth = open_source(write_rgbd(tmp_path))[0].depth
    np.testing.assert_allclose(depth[1:], depth_image(0)[1:] / 1000, rtol=1e-6)
