"""Selection of frames that add something."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scenerep_ros.frames import RGBDFrame
from scenerep_ros.tracking.novelty import FrameSelector


@pytest.fixture
def texture():
    """Smooth random texture (260, 400, 3)."""
    noise = np.random.default_rng(0).integers(0, 256, (260, 400, 3)).astype(np.uint8)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3), None, 0, 255, cv2.NORM_MINMAX)


def view(texture, shift):
    return RGBDFrame(texture[:240, shift : shift + 320].copy())


def test_selector_leaves_out_what_has_hardly_moved(texture):
    selector = FrameSelector()
    selected = [selector.adds_something(view(texture, shift)) for shift in (0, 0, 2, 4, 10, 12)]
    assert selected == [True, False, False, False, True, False]


def test_selector_compares_with_the_last_selected_frame(texture):
    selector = FrameSelector()
    selected = [selector.adds_something(view(texture, shift)) for shift in range(0, 40, 2)]
    assert 4 <= sum(selected) <= 8


def test_selector_takes_another_scene(texture):
    selector = FrameSelector()
    assert selector.adds_something(view(texture, 0))
    assert selector.adds_something(RGBDFrame(view(texture, 0).color[::-1].copy()))
