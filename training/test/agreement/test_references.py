"""Tests of reference masks by motion."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scenerep_training.agreement.references import ReferenceMasks

from scenerep_ros.frames import RGBDFrame


@pytest.fixture
def texture():
    """Smooth random texture (260, 360, 3)."""
    noise = np.random.default_rng(0).integers(0, 256, (260, 360, 3)).astype(np.uint8)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3), None, 0, 255, cv2.NORM_MINMAX)


def view(texture, camera, square):
    """Frame (240, 320) of a panned background with a square in front."""
    image = texture[:240, camera : camera + 320].copy()
    image[80:160, square : square + 80] = texture[100:180, 50:130][::-1]
    return RGBDFrame(image)


def test_reference_without_depth_is_what_moves_against_background(texture):
    labels = ReferenceMasks()(view(texture, 4, 106), view(texture, 0, 100))
    assert labels is not None
    expected = np.zeros((240, 320), bool)
    expected[80:160, 106:186] = True
    step = 240 // labels.shape[0]
    expected, found = expected[::step, ::step], labels > 0
    assert np.count_nonzero(expected & found) > 0.6 * np.count_nonzero(expected | found)


def test_still_scene_without_depth_has_no_reference(texture):
    frame = view(texture, 0, 100)
    assert ReferenceMasks()(frame, frame) is None
    assert ReferenceMasks()(frame, None) is None
