"""Estimation and correction of the depth-to-colour offset."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scenerep_ros.frames import RGBDFrame
from scenerep_ros.preprocessing.depth_registration import CONSTANTS, DepthRegistration
from scenerep_ros.sources import open_source

GAP = 0.02


def shift_depth(frame: RGBDFrame, pixels: int) -> RGBDFrame:
    """Shift the depth of a frame to the right."""
    depth = np.full_like(frame.depth, np.nan)
    depth[:, pixels:] = frame.depth[:, :-pixels]
    return replace(frame, depth=depth)


def measure_shift(frame: RGBDFrame, shifted: RGBDFrame) -> int:
    """Return the shift of the depth to the right [px]."""
    agreement = {
        pixels: np.mean(np.roll(frame.depth, pixels, axis=1) == shifted.depth)
        for pixels in range(-20, 21)
    }
    return max(agreement, key=agreement.__getitem__)


def box_frame(depth_offset: int = 0) -> RGBDFrame:
    """Return a bright box 1 m away in front of a rough wall, with its depth shifted to the right."""
    color = np.random.default_rng(0).integers(0, 120, (120, 160, 3), np.uint8)
    color[40:80, 60:100] = 200
    depth = np.full((120, 160), 2, np.float32)
    depth[40:80, 60 + depth_offset : 100 + depth_offset] = 1
    return RGBDFrame(color, depth)


def test_registration_of_aligned_depth_returns_the_frame():
    frame = box_frame()
    assert DepthRegistration(GAP)(frame) is frame


def test_registration_shifts_misaligned_depth_back():
    frame = box_frame(depth_offset=6)
    registered = DepthRegistration(GAP)(frame)
    assert measure_shift(frame, registered) == pytest.approx(-6, abs=3)
    assert np.isnan(registered.depth[:, -3:]).all()


def test_registration_ignores_offsets_below_the_minimum():
    frame = box_frame(depth_offset=1)
    assert DepthRegistration(GAP)(frame) is frame


def test_registration_without_depth_returns_the_frame():
    frame = replace(box_frame(), depth=None)
    assert DepthRegistration(GAP)(frame) is frame


def test_registration_after_reset_estimates_anew():
    registration = DepthRegistration(GAP)
    for _ in range(CONSTANTS.max_frames):
        registration(box_frame(depth_offset=6))
    registration.reset()
    frame = box_frame()
    assert registration(frame) is frame


@pytest.mark.parametrize("index", [3, 20, 33, 36, 39, 42])
def test_registration_of_registered_mosd_returns_the_frame(mosd_folder, index):
    frame = open_source(mosd_folder)[index]
    assert DepthRegistration(GAP)(frame) is frame


@pytest.mark.parametrize("index", [33, 36, 39, 42])
@pytest.mark.parametrize("pixels", [8, 12])
def test_registration_of_shifted_mosd_shifts_it_back(mosd_folder, index, pixels):
    frame = shift_depth(open_source(mosd_folder)[index], pixels)
    registered = DepthRegistration(GAP)(frame)
    assert measure_shift(frame, registered) == pytest.approx(-pixels, abs=3)


def test_registration_keeps_the_offset_while_the_camera_moves(mosd_folder):
    frame = shift_depth(open_source(mosd_folder)[33], 12)
    moving = replace(frame, color=np.roll(frame.color, 60, axis=1))
    registration = DepthRegistration(GAP)
    for _ in range(CONSTANTS.min_frames):
        registration(frame)
    assert measure_shift(moving, registration(moving)) == pytest.approx(-12, abs=3)


def test_registration_of_a_moving_camera_returns_the_frames(tum_folder):
    """Colour and depth of a moving camera are of different moments."""
    source, registration = open_source(tum_folder), DepthRegistration(GAP)
    frames = [source[index] for index in range(12)]
    registered = [registration(frame) for frame in frames]
    assert all(after is before for before, after in zip(frames, registered, strict=True))


@pytest.mark.parametrize("depth", [np.nan, 1.0])
def test_registration_without_discontinuities_returns_the_frame(depth):
    color = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    frame = RGBDFrame(color, np.full((60, 80), depth, np.float32))
    assert DepthRegistration(GAP)(frame) is frame


def test_registration_accepts_tiny_images():
    frame = RGBDFrame(np.zeros((2, 9, 3), np.uint8), np.ones((2, 9), np.float32))
    registration = DepthRegistration(GAP)
    assert all(registration(frame) is frame for _ in range(3))


def test_registration_ignores_frames_with_amplified_noise():
    frame, registration = box_frame(depth_offset=6), DepthRegistration(GAP)
    assert all(registration(frame, is_well_exposed=False) is frame for _ in range(3))


def test_registration_keeps_the_offset_beyond_the_last_estimate():
    frame, registration = box_frame(depth_offset=6), DepthRegistration(GAP)
    for _ in range(CONSTANTS.max_frames + 5):
        registered = registration(frame)
    assert measure_shift(frame, registered) == pytest.approx(-6, abs=3)
