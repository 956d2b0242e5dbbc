from __future__ import annotations

import numpy as np
import pytest

from scenerep_ros.errors import FrameError
from scenerep_ros.frames import (
    UNLABELLED,
    Intrinsics,
    RGBDFrame,
    Segmentation,
)

COLOR = np.zeros((4, 6, 3), np.uint8)


@pytest.mark.parametrize(
    "color",
    [
        np.zeros((4, 6), np.uint8),
        np.zeros((4, 6, 4), np.uint8),
        np.zeros((4, 6, 3), np.float32),
        np.zeros((0, 0, 3), np.uint8),
        np.zeros((1, 1, 3), np.uint8),
    ],
    ids=["no channels", "four channels", "float", "empty", "one pixel"],
)
def test_invalid_color_is_refused_with_frame_name(color):
    with pytest.raises(FrameError, match="frame f7: color"):
        RGBDFrame(color, name="f7")


@pytest.mark.parametrize("stamp_ns", [2**63, -(2**63)])
def test_stamp_beyond_64_bits_is_refused(stamp_ns):
    with pytest.raises(FrameError, match=r"frame f7: its stamp is .*correct the stamps"):
        RGBDFrame(COLOR, stamp_ns=stamp_ns, name="f7")


def test_depth_of_other_size_is_refused_with_both_sizes():
    with pytest.raises(FrameError, match=r"depth is 3x2 but color is 6x4"):
        RGBDFrame(COLOR, np.zeros((2, 3), np.float32))


def test_integer_depth_is_refused_with_expected_type():
    with pytest.raises(FrameError, match="expected float32"):
        RGBDFrame(COLOR, np.zeros((4, 6), np.uint16))


def test_frame_shape_is_height_and_width():
    assert RGBDFrame(COLOR).shape == (4, 6)


@pytest.mark.parametrize("values", [(0, 0, 0, 0), (525, -1, 2, 2), (525, 525, np.nan, 2)])
def test_invalid_intrinsics_are_refused(values):
    with pytest.raises(FrameError, match="camera intrinsics"):
        Intrinsics(*values)


def test_segmentation_count_ignores_unlabelled_pixels():
    labels = np.array([[0, 1, 2], [UNLABELLED, 2, 0]], np.int32)
    assert Segmentation(labels).count == 2
    assert Segmentation(np.zeros((2, 2), np.int32)).count == 0
