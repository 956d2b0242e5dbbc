from __future__ import annotations

import numpy as np
import pytest

from scenerep_ros.errors import FrameError
from scenerep_ros.frames import UNLABELLED, Intrinsics, RGBDFrame, Segmentation

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
)
def test_colour_of_another_kind_is_refused_with_the_frame_s_name(color):
    with pytest.raises(FrameError, match="frame f7: colour"):
        RGBDFrame(color, name="f7")


def test_depth_of_another_size_is_refused_with_both_sizes():
    with pytest.raises(FrameError, match=r"depth is 3x2 but colour is 6x4"):
        RGBDFrame(COLOR, np.zeros((2, 3), np.float32))


def test_depth_in_millimetres_is_refused():
    with pytest.raises(FrameError, match="expected float32"):
        RGBDFrame(COLOR, np.zeros((4, 6), np.uint16))


@pytest.mark.parametrize("values", [(0, 0, 0, 0), (525, -1, 2, 2), (525, 525, np.nan, 2)])
def test_intrinsics_that_cannot_deproject_are_refused(values):
    with pytest.raises(FrameError, match="camera intrinsics"):
        Intrinsics(*values)


def test_a_segmentation_counts_objects_not_unlabelled_pixels():
    labels = np.array([[0, 1, 2], [UNLABELLED, 2, 0]], np.int32)
    assert Segmentation(labels).count == 2
    assert Segmentation(np.zeros((2, 2), np.int32)).count == 0
