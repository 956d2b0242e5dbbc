"""Exposure normalization, blank frames and the sRGB curve."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.frames import RGBDFrame
from scenerep_ros.preprocessing.exposure import (
    CONSTANTS,
    is_black,
    is_blank,
    linear_to_srgb,
    normalize_exposure,
    srgb_to_linear,
)
from scenerep_ros.sources import open_source


def gray_ramp(min_level: int, max_level: int) -> RGBDFrame:
    """Return a horizontal ramp of grey levels."""
    row = np.linspace(min_level, max_level, 160).astype(np.uint8)
    return RGBDFrame(np.repeat(np.tile(row, (120, 1))[..., None], 3, axis=2))


@given(st.integers(0, 255))
def test_linear_to_srgb_inverts_srgb_to_linear(level):
    assert linear_to_srgb(srgb_to_linear(level)) == level


def test_srgb_to_linear_follows_the_standard():
    assert float(srgb_to_linear(128)) == pytest.approx(0.2159, abs=1e-4)


def test_linear_to_srgb_clips_overexposed_light():
    assert linear_to_srgb(np.array([-1, 2], np.float32)).tolist() == [0, 255]


@given(st.integers(135, 255))
def test_normalize_exposure_returns_a_bright_frame(level):
    frame = gray_ramp(0, level)
    assert normalize_exposure(frame) is frame


def test_normalize_exposure_returns_a_black_frame():
    frame = gray_ramp(0, 4)
    assert normalize_exposure(frame) is frame


@given(st.integers(10, 120))
def test_normalize_exposure_raises_the_white_level(level):
    color = normalize_exposure(gray_ramp(0, level)).color
    assert int(color.max()) == pytest.approx(200, abs=20)
    assert color.min() <= 20


@given(st.integers(0, 10**6))
def test_normalize_exposure_equals_the_gain_of_numpys_percentile(seed):
    rng = np.random.default_rng(seed)
    color = rng.integers(0, rng.integers(20, 120), (40, 56, 3)).astype(np.uint8)
    gray = cv2.cvtColor(color[::8, ::8].copy(), cv2.COLOR_RGB2GRAY)
    white = float(np.percentile(gray, CONSTANTS.white_percentile))
    gain = float(srgb_to_linear(CONSTANTS.target_level) / srgb_to_linear(white))
    brightened = cv2.LUT(color, linear_to_srgb(gain * srgb_to_linear(np.arange(256))))
    expected = cv2.GaussianBlur(brightened, (0, 0), gain**0.5 / CONSTANTS.noise_gain_per_px)
    np.testing.assert_array_equal(normalize_exposure(RGBDFrame(color)).color, expected)


def test_normalize_exposure_inverts_a_loss_of_light(mosd_folder):
    frame = open_source(mosd_folder)[0]
    dark = RGBDFrame(linear_to_srgb(np.float32(0.1) * srgb_to_linear(frame.color)))
    normalized = normalize_exposure(dark).color.astype(float)
    original = frame.color.astype(float)
    slope = (normalized * original).sum() / (original * original).sum()
    assert np.corrcoef(normalized.ravel(), original.ravel())[0, 1] > 0.98
    assert 0.8 < slope < 1.3


@pytest.mark.parametrize(("level", "expected"), [(0, True), (4, True), (20, False)])
def test_is_black_follows_the_white_level(level, expected):
    assert is_black(gray_ramp(0, level)) is expected


@pytest.mark.parametrize(
    ("color_level", "depth", "expected"),
    [(0, None, True), (0, np.nan, True), (0, 1.0, False), (20, None, False), (20, np.nan, False)],
)
def test_is_blank_needs_black_color_and_no_depth(color_level, depth, expected):
    color = gray_ramp(0, color_level).color
    image = None if depth is None else np.full((120, 160), depth, np.float32)
    assert is_blank(RGBDFrame(color, image)) is expected
