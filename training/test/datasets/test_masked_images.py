"""Tests of images with the mask of their salient object."""

from __future__ import annotations

import numpy as np
import pytest
from layouts import checkerboard_image, square_mask, truncate_file, write_davis, write_ecssd
from PIL import Image
from scenerep_training.datasets.masked_images import list_saliency, read_mask
from scenerep_training.datasets.single_object import list_single_object

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.filesystem.atomic import write_image


@pytest.mark.parametrize(
    ("images", "masks"),
    [("images", "ground_truth_mask"), ("Imgs", "GT"), ("DUTS-TE-Image", "DUTS-TE-Mask")],
)
def test_list_saliency_accepts_usual_folder_names(tmp_path, images, masks):
    frames = list_saliency(write_ecssd(tmp_path, images=images, masks=masks))
    assert list(frames) == ["0001", "0002"]
    color, mask = frames["0002"].read()
    np.testing.assert_array_equal(mask, square_mask(left=8) > 0)
    assert color.shape == (*mask.shape, 3)


def test_list_saliency_of_equal_stems_keeps_every_image(tmp_path):
    write_ecssd(tmp_path, names=("0001", "0001.copy"))
    folder = tmp_path / "images"
    (folder / "0001.copy.jpg").rename(folder / "0001.PNG")
    frames = list_saliency(tmp_path)
    assert sorted(frame.color.name for frame in frames.values()) == ["0001.PNG", "0001.jpg"]
    assert all(frame.read()[1].any() for frame in frames.values())


@pytest.mark.parametrize("kind", ["gray", "color", "faint"])
def test_read_mask_of_each_format(tmp_path, kind):
    mask = square_mask()
    images = {"gray": mask, "color": mask[..., None] * np.array([1, 0, 0], np.uint8)}
    write_image(tmp_path / "mask.png", images.get(kind, mask // 2))
    expected = np.zeros_like(mask, bool) if kind == "faint" else mask > 0
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png"), expected)


def test_missing_mask_raises_when_read(tmp_path):
    write_ecssd(tmp_path)
    (tmp_path / "ground_truth_mask" / "0002.png").unlink()
    frames = list_saliency(tmp_path)
    frames["0001"].read()
    with pytest.raises(FrameError, match=r"ground_truth_mask/0002\.png: cannot be read"):
        frames["0002"].read()


def test_damaged_image_or_mask_of_other_size_raises(tmp_path):
    write_ecssd(tmp_path)
    truncate_file(tmp_path / "images" / "0001.jpg")
    write_image(tmp_path / "images" / "0002.jpg", checkerboard_image(square_mask()[:20]))
    frames = list_saliency(tmp_path)
    with pytest.raises(FrameError, match=r"0001\.jpg"):
        frames["0001"].read()
    with pytest.raises(FrameError, match="is 64x48 but its image is 64x20"):
        frames["0002"].read()


def test_other_layout_raises_with_expected_folders(tmp_path):
    (tmp_path / "pictures").mkdir()
    with pytest.raises(SourceError, match=r"holds pictures; expected one of .*images"):
        list_saliency(tmp_path)


def test_list_single_object_reads_davis_at_480p(tmp_path):
    frames = list_single_object(write_davis(tmp_path))
    assert list(frames) == ["bear/00000", "bear/00001", "swan/00000", "swan/00001"]
    np.testing.assert_array_equal(frames["swan/00001"].read()[1], square_mask(left=4) > 0)


def test_list_saliency_of_real_data_reads_every_image(real_data):
    ecssd = real_data("ecssd")
    frames = list_saliency(ecssd)
    assert list(frames) == sorted(path.stem for path in (ecssd / "images").iterdir())
    assert frames["0001"].read()[1].any()


def test_list_single_object_of_real_data_has_masks(real_data):
    frames = list_single_object(real_data("davis2016"))
    assert frames["blackswan/00000"].read()[1].any()


@pytest.mark.parametrize("is_palette", [False, True])
def test_read_mask_of_ids_takes_zero_as_background(tmp_path, is_palette):
    ids = np.array([[0, 1], [2 if is_palette else 1, 0]], np.uint8)
    image = Image.fromarray(ids)
    if is_palette:
        image.putpalette([value for index in range(256) for value in (index, index, index)])
    image.save(tmp_path / "mask.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png"), ids > 0)
