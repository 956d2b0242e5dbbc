"""Tests of images sorted by class and split."""

from __future__ import annotations

import pytest
from layouts import write_image_classes
from scenerep_training.datasets.image_classes import list_image_classes

from scenerep_ros.errors import SourceError


def test_labels_are_indices_of_sorted_classes(tmp_path):
    images = list_image_classes(write_image_classes(tmp_path, ("owl", "cat"), train=2, val=1))
    assert images.classes == ["cat", "owl"]
    assert images.train == [
        "train/cat/0.jpg",
        "train/cat/1.jpg",
        "train/owl/0.jpg",
        "train/owl/1.jpg",
    ]
    assert images.val == ["val/cat/0.jpg", "val/owl/0.jpg"]
    assert images.labels(images.train).tolist() == [0, 0, 1, 1]
    assert images.labels(images.val).tolist() == [0, 1]


def test_per_class_limits_images_of_each_split(tmp_path):
    images = list_image_classes(write_image_classes(tmp_path, train=3, val=2), per_class=1)
    assert [name.split("/")[2] for name in images.train + images.val] == ["0.jpg"] * 6


def test_class_missing_in_train_raises_with_its_name(tmp_path):
    write_image_classes(tmp_path, ("cat", "owl"))
    for image in (tmp_path / "train" / "owl").iterdir():
        image.unlink()
    with pytest.raises(SourceError, match="val has images of owl, of which train has none"):
        list_image_classes(tmp_path)


@pytest.mark.parametrize("split", ["train", "val"])
def test_missing_split_raises_with_its_name(tmp_path, split):
    write_image_classes(tmp_path)
    (tmp_path / split).rename(tmp_path / "other")
    with pytest.raises(SourceError, match=f"{split} holds no image of any class"):
        list_image_classes(tmp_path)
