"""Checks of a flow between two gray images."""

import cv2
import numpy as np
import pytest
from discs import RNG, TEXTURE

from scenerep_ros.tracking.flow_checks import correlate_details, is_flow_reliable

GRAY = cv2.cvtColor(TEXTURE, cv2.COLOR_RGB2GRAY)
PREVIOUS, CURRENT = GRAY[:120, 6:166], GRAY[:120, :160]
"""Images of a texture, of which the current one lies 6 px to the left."""
FLAT = np.full((120, 160), 90, np.uint8)


def shift_flow(shift: float) -> np.ndarray:
    return np.full((120, 160, 2), (shift, 0), np.float32)


@pytest.mark.parametrize(("shift", "expected"), [(6, True), (0, False), (-6, False)])
def test_is_flow_reliable_accepts_true_shift_only(shift, expected):
    assert is_flow_reliable(shift_flow(shift), PREVIOUS, CURRENT) is expected


def test_is_flow_reliable_flow_out_of_image_is_false():
    assert not is_flow_reliable(shift_flow(500), CURRENT, CURRENT)


@pytest.mark.parametrize(("shift", "expected"), [(6, 1), (0, 0), (500, 0)])
def test_correlate_details_true_flow_is_one(shift, expected):
    assert correlate_details(shift_flow(shift), PREVIOUS, CURRENT) == pytest.approx(
        expected, abs=0.2
    )


def test_correlate_details_ignores_gain_and_slow_shading():
    shading = np.linspace(0, 60, 160)
    darker = (0.5 * PREVIOUS + shading).astype(np.uint8)
    assert correlate_details(shift_flow(0), PREVIOUS, darker) > 0.9


def test_correlate_details_common_edge_between_scenes_is_no_continuation():
    images = []
    for _ in range(2):
        image = cv2.resize(RNG.integers(60, 160, (30, 40), np.uint8), (160, 120))
        cv2.rectangle(image, (0, 0), (159, 119), 255, thickness=1)
        images.append(image)
    assert correlate_details(shift_flow(0), *images) < 0.5


def test_correlate_details_texture_beside_flat_image_is_low():
    assert correlate_details(shift_flow(0), FLAT, FLAT + np.uint8(1)) == 1
    assert correlate_details(shift_flow(0), PREVIOUS, FLAT) < 0.1
