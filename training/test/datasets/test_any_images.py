"""Tests of images from data sets with masks and from recordings."""

from __future__ import annotations

import numpy as np
import pytest
from layouts import square_mask, write_davis, write_ecssd, write_tum
from scenerep_training.datasets.any_images import list_any_images

from scenerep_ros.errors import SourceError
from scenerep_ros.filesystem.atomic import write_image


@pytest.mark.parametrize(("write", "name"), [(write_ecssd, "0002"), (write_davis, "swan/00001")])
def test_images_of_masked_data_set_have_masks(tmp_path, write, name):
    color, mask = list_any_images(write(tmp_path))[name]()
    assert color.shape[:2] == mask.shape
    assert mask.sum() == 24 * 24


def test_images_of_recording_have_no_masks(tmp_path):
    images = list_any_images(write_tum(tmp_path, [square_mask(), square_mask()]))
    assert len(images) == 2
    color, mask = list(images.values())[1]()
    assert color.shape == (48, 64, 3)
    assert mask is None


def test_images_of_equal_stems_are_all_listed(tmp_path):
    for index, name in enumerate(["x.png", "x.bmp", "X.png", "a/image.png", "b/image.png"]):
        folder = tmp_path / ("frames" if "/" in name else "flat")
        write_image(folder / name, np.full((8, 8, 3), index, np.uint8))
    for folder, values in (("flat", {0, 1, 2}), ("frames", {3, 4})):
        images = list_any_images(tmp_path / folder)
        assert {int(read()[0].max()) for read in images.values()} == values


def test_images_of_missing_path_raise(tmp_path):
    with pytest.raises(SourceError, match="nowhere"):
        list_any_images(tmp_path / "nowhere")
