"""Tests of DAVIS: annotations with ids or masks, and the list of sequences."""

from __future__ import annotations

import numpy as np
import pytest
from layouts import square_mask, truncate_file, write_davis
from PIL import Image
from scenerep_training.datasets.davis import (
    is_davis,
    list_davis_sequences,
    read_ids,
)

from scenerep_ros.errors import FrameError, SourceError


def write_palette(path, ids):
    """Write a palette image like DAVIS 2017; its colors do not encode the ids."""
    image = Image.fromarray(ids.astype(np.uint8), "P")
    image.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0] + [77] * 759)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return path


def test_read_ids_of_palette_image_maps_void_to_background(tmp_path):
    ids = np.array([[0, 1, 2], [2, 255, 7]])
    labels = read_ids(write_palette(tmp_path / "a.png", ids))
    assert labels.dtype == np.uint16
    assert labels.tolist() == [[0, 1, 2], [2, 0, 7]]


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "1"])
def test_read_ids_of_bright_mask_is_one_object(tmp_path, mode):
    mask = np.array([[0, 255, 255], [0, 0, 255]], np.uint8)
    Image.fromarray(mask).convert(mode).save(tmp_path / "a.png")
    assert read_ids(tmp_path / "a.png").tolist() == [[0, 1, 1], [0, 0, 1]]


def test_read_ids_of_dark_gray_image_keeps_ids(tmp_path):
    Image.fromarray(np.array([[0, 1, 3]], np.uint8)).save(tmp_path / "a.png")
    assert read_ids(tmp_path / "a.png").tolist() == [[0, 1, 3]]


def test_read_ids_of_void_palette_image_has_no_object(tmp_path):
    assert not read_ids(write_palette(tmp_path / "a.png", np.full((2, 2), 255))).any()


def test_davis_sequences_of_real_data(real_data):
    data = real_data("davis2016")
    sequences = list_davis_sequences(data)
    folders = (data / "Annotations" / "480p").iterdir()
    assert list(sequences) == sorted(folder.name for folder in folders)
    swan = sequences["blackswan"]
    assert (len(swan), swan.rate, swan[1].stamp_ns) == (50, 24.0, 41_666_667)
    labels = swan.ground_truth(0)
    assert labels.shape == swan[0].shape
    assert np.unique(labels).tolist() == [0, 1]


def test_davis_2017_lists_validation_sequences_only(tmp_path):
    write_davis(tmp_path, sequences=("train", "val-b", "val-a"))
    for ids in tmp_path.glob("Annotations/480p/*/*.png"):
        write_palette(ids, 3 * square_mask(1))
    (tmp_path / "ImageSets" / "2017").mkdir(parents=True)
    (tmp_path / "ImageSets" / "2017" / "val.txt").write_text("val-b\nval-a\n")
    sequences = list_davis_sequences(tmp_path)
    assert list(sequences) == ["val-b", "val-a"]
    assert np.unique(sequences["val-a"].ground_truth(1)).tolist() == [0, 3]


def test_ground_truth_without_annotation_is_none(tmp_path):
    write_davis(tmp_path, sequences=("bear",))
    (tmp_path / "Annotations" / "480p" / "bear" / "00001.png").unlink()
    assert list_davis_sequences(tmp_path)["bear"].ground_truth(1) is None


def test_damaged_annotation_raises_with_file_name(tmp_path):
    write_davis(tmp_path, sequences=("bear",))
    truncate_file(tmp_path / "Annotations" / "480p" / "bear" / "00000.png")
    with pytest.raises(FrameError, match=r"bear/00000\.png: annotation cannot be read"):
        list_davis_sequences(tmp_path)["bear"].ground_truth(0)


def test_other_layout_raises_with_expected_layout(tmp_path):
    assert not is_davis(tmp_path)
    with pytest.raises(SourceError, match="JPEGImages/480p/SEQUENCE"):
        list_davis_sequences(tmp_path)


def test_listed_but_missing_sequence_raises_with_its_name(tmp_path):
    write_davis(tmp_path)
    (tmp_path / "ImageSets" / "2017").mkdir(parents=True)
    (tmp_path / "ImageSets" / "2017" / "val.txt").write_text("eagle\n")
    with pytest.raises(SourceError, match="eagle"):
        list_davis_sequences(tmp_path)
