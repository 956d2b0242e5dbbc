"""Checks of a flow between two gray images."""

import cv2
import numpy as np
import pytest
from discs import TEXTURE

from scenerep_ros.tracking.flow_checks import check_flow

GRAY = cv2.cvtColor(TEXTURE, cv2.COLOR_RGB2GRAY)
PREVIOUS, CURRENT = GRAY[:120, 6:166], GRAY[:120, :160]
"""Images of a texture, of which the current one lies 6 px to the left."""
FLAT = np.full((120, 160), 90, np.uint8)


def shift_flow(shift: float) -> np.ndarray:
    return np.full((120, 160, 2), (shift, 0), np.float32)


@pytest.mark.parametrize(("shift", "expected"), [(6, True), (0, False), (-6, False)])
def test_check_flow_accepts_true_shift_only(shift, expected):
    assert check_flow(shift_flow(shift), PREVIOUS, CURRENT).is_reliable is expected


def test_check_flow_flow_out_of_image_is_false():
    assert not check_flow(shift_flow(500), CURRENT, CURRENT).is_reliable


@pytest.mark.parametrize(("shift", "expected"), [(6, 1), (0, 0), (500, 0)])
def test_detail_correlation_true_flow_is_one(shift, expected):
    assert check_flow(shift_flow(shift), PREVIOUS, CURRENT).detail_correlation == pytest.approx(
        expected, abs=0.2
    )


def test_detail_correlation_ignores_gain_and_slow_shading():
    shading = np.linspace(0, 60, 160)
    darker = (0.5 * PREVIOUS + shading).astype(np.uint8)
    assert check_flow(shift_flow(0), PREVIOUS, darker).detail_correlation > 0.9


def test_detail_correlation_common_edge_between_scenes_is_no_continuation():
    images, generator = [], np.random.default_rng(0)
    for _ in range(2):
        image = cv2.resize(generator.integers(60, 160, (30, 40), np.uint8), (160, 120))
        cv2.rectangle(image, (0, 0), (159, 119), 255, thickness=1)
        images.append(image)
    assert check_flow(shift_flow(0), *images).detail_correlation < 0.5


def test_detail_correlation_texture_beside_flat_image_is_low():
    assert check_flow(shift_flow(0), FLAT, FLAT + np.uint8(1)).detail_correlation == 1
    assert check_flow(shift_flow(0), PREVIOUS, FLAT).detail_correlation < 0.1
