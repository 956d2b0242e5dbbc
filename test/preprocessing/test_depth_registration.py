"""Depth beside colour is found and moved back; depth that is in place, or in motion, is left."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scenerep_ros.frames import RGBDFrame
from scenerep_ros.preprocessing.depth_registration import ENOUGH, Registration
from scenerep_ros.sources import open_source

GAP = 0.02


def moved(frame: RGBDFrame, pixels: int) -> RGBDFrame:
    """Its depth, that many pixels to the right."""
    depth = np.full_like(frame.depth, np.nan)
    depth[:, pixels:] = frame.depth[:, :-pixels]
    return replace(frame, depth=depth)


def shift_of(frame: RGBDFrame, answer: RGBDFrame) -> int:
    """Pixels to the right by which depth was moved."""
    agreement = {
        pixels: np.mean(np.roll(frame.depth, pixels, axis=1) == answer.depth)
        for pixels in range(-20, 21)
    }
    return max(agreement, key=agreement.__getitem__)


@pytest.mark.parametrize("index", [3, 20, 33, 36, 39, 42])
def test_registered_depth_of_a_still_image_stays(mosd_folder, index):
    frame = open_source(mosd_folder)[index]
    assert Registration(GAP)(frame) is frame


@pytest.mark.parametrize("index", [33, 36, 39, 42])
@pytest.mark.parametrize("pixels", [8, 12])
def test_depth_beside_colour_is_moved_back(mosd_folder, index, pixels):
    frame = moved(open_source(mosd_folder)[index], pixels)
    assert shift_of(frame, Registration(GAP)(frame)) == pytest.approx(-pixels, abs=3)


def test_a_shift_is_kept_in_motion_once_still_frames_agree_on_it(mosd_folder):
    frame = moved(open_source(mosd_folder)[33], 12)
    shaken = replace(frame, color=np.roll(frame.color, 60, axis=1))
    registration = Registration(GAP)
    for _ in range(2):
        registration(frame)
    assert shift_of(shaken, registration(shaken)) == pytest.approx(-12, abs=3)


def test_a_moving_camera_tells_nothing(tum_folder):
    """Its colour and depth are of different moments, and so beside each other."""
    source, registration = open_source(tum_folder), Registration(GAP)
    frames = [source[index] for index in range(12)]
    answers = [registration(frame) for frame in frames]
    assert all(answer is frame for answer, frame in zip(answers, frames, strict=True))


@pytest.mark.parametrize("depth", [np.nan, 1.0])
def test_depth_without_steps_stays(depth):
    color = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    frame = RGBDFrame(color, np.full((60, 80), depth, np.float32))
    assert Registration(GAP)(frame) is frame


def test_tiny_images_pass():
    frame = RGBDFrame(np.zeros((2, 9, 3), np.uint8), np.ones((2, 9), np.float32))
    registration = Registration(GAP)
    assert all(registration(frame) is frame for _ in range(3))


def test_noise_tells_nothing(mosd_folder):
    frame = moved(open_source(mosd_folder)[33], 12)
    registration = Registration(GAP)
    assert all(registration(frame, clear=False) is frame for _ in range(3))


def test_a_shift_stays_however_long_the_camera_stands(mosd_folder):
    frame, registration = moved(open_source(mosd_folder)[33], 12), Registration(GAP)
    for _ in range(ENOUGH + 5):
        answer = registration(frame)
    assert shift_of(frame, answer) == pytest.approx(-12, abs=3)
