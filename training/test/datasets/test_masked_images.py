from __future__ import annotations

import numpy as np
import pytest
from layouts import damage, picture, square, write_davis, write_ecssd
from scenerep_training.datasets.masked_images import list_saliency, read_mask
from scenerep_training.datasets.single_object import list_single_object

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.filesystem.atomic import write_image


@pytest.mark.parametrize(
    ("images", "masks"),
    [("images", "ground_truth_mask"), ("Imgs", "GT"), ("DUTS-TE-Image", "DUTS-TE-Mask")],
)
def test_usual_names_of_folders(tmp_path, images, masks):
    listed = list_saliency(write_ecssd(tmp_path, images=images, masks=masks))
    assert list(listed) == ["0001", "0002"]
    color, mask = listed["0002"].read()
    np.testing.assert_array_equal(mask, square(left=8) > 0)
    assert color.shape == (*mask.shape, 3)


@pytest.mark.parametrize("kind", ["grey", "colour", "faint"])
def test_masks_of_any_format(tmp_path, kind):
    mask = square()
    shown = {"grey": mask, "colour": mask[..., None] * np.array([1, 0, 0], np.uint8)}
    write_image(tmp_path / "mask.png", shown.get(kind, mask // 2))
    expected = np.zeros_like(mask, bool) if kind == "faint" else mask > 0
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png"), expected)


def test_a_missing_mask_is_named_when_it_is_read(tmp_path):
    write_ecssd(tmp_path)
    (tmp_path / "ground_truth_mask" / "0002.png").unlink()
    listed = list_saliency(tmp_path)
    listed["0001"].read()
    with pytest.raises(FrameError, match=r"ground_truth_mask/0002\.png: cannot be read"):
        listed["0002"].read()


def test_damaged_and_unequal_files_are_named(tmp_path):
    write_ecssd(tmp_path)
    damage(tmp_path / "images" / "0001.jpg")
    write_image(tmp_path / "images" / "0002.jpg", picture(square()[:20]))
    listed = list_saliency(tmp_path)
    with pytest.raises(FrameError, match=r"0001\.jpg"):
        listed["0001"].read()
    with pytest.raises(FrameError, match="is 64x48 but its image is 64x20"):
        listed["0002"].read()


def test_another_layout_is_named(tmp_path):
    (tmp_path / "pictures").mkdir()
    with pytest.raises(SourceError, match=r"holds pictures; expected one of .*images"):
        list_saliency(tmp_path)


def test_davis_at_480p(tmp_path):
    listed = list_single_object(write_davis(tmp_path))
    assert list(listed) == ["bear/00000", "bear/00001", "swan/00000", "swan/00001"]
    np.testing.assert_array_equal(listed["swan/00001"].read()[1], square(left=4) > 0)


def test_real_data(real_data):
    assert len(list_saliency(real_data("ecssd"))) == 100
    frames = list_single_object(real_data("davis2016"))
    assert len({name.split("/")[0] for name in frames}) == 6
    assert frames["blackswan/00000"].read()[1].any()
