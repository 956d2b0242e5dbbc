"""Tests of images from data sets with masks and from recordings."""

from __future__ import annotations

import pytest
from layouts import square_mask, write_davis, write_ecssd, write_tum
from scenerep_training.datasets.any_images import list_any_images

from scenerep_ros.errors import SourceError


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


def test_images_of_missing_path_raise(tmp_path):
    with pytest.raises(SourceError, match="nowhere"):
        list_any_images(tmp_path / "nowhere")
