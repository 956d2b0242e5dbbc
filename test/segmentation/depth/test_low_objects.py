"""Low objects on a synthetic table, which the lens bends."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from table_tops import SHAPE, TABLE_DISTANCE, TABLE_NORMAL

from scenerep_ros.config.options import DepthOptions
from scenerep_ros.frames import KINECT
from scenerep_ros.geometry import viewing_rays
from scenerep_ros.geometry.inverse_depth import InverseDepthImage, smooth_valid
from scenerep_ros.segmentation.depth.low_objects import detect_low_objects
from scenerep_ros.segmentation.depth.support_planes import segment_support_planes

RAYS = viewing_rays(KINECT, *SHAPE)[::2, ::2]
SLAB = np.s_[110:135, 150:190]
GRAY, RED = (128, 128, 128), (200, 60, 60)
NOISE = 0.0015
"""Standard deviation of a Kinect's inverse depth [1/m]."""
MIN_AREA = 0.0005


def segment_slab(height, color=RED, bend=0.0):
    """Segment a table with a slab, whose height is a difference of inverse depth [1/m]."""
    noise = cv2.GaussianBlur(np.random.default_rng(0).normal(0, 1, RAYS.shape[:2]), (0, 0), 1.2)
    w = RAYS @ TABLE_NORMAL / np.float32(TABLE_DISTANCE)
    w += (NOISE / noise.std() * noise).astype(np.float32)
    w += np.float32(bend) * (RAYS[..., 0] ** 2 + RAYS[..., 1] ** 2)
    w[SLAB] += np.float32(height)
    image = np.full((*w.shape, 3), GRAY, np.uint8)
    image[SLAB] = color
    view = InverseDepthImage(w, smooth_valid(w), RAYS)
    planes = segment_support_planes(view, DepthOptions())
    return detect_low_objects(planes.is_raised, planes.is_background, image, MIN_AREA)


@pytest.mark.parametrize("bend", [0.0, 0.01])
def test_slab_below_plane_tolerance_is_the_only_object(bend):
    labels = segment_slab(0.6 * DepthOptions().plane_distance, bend=bend)
    truth = np.zeros(labels.shape, bool)
    truth[SLAB] = True
    assert labels.max() == 1
    assert (truth & (labels > 0)).sum() / (truth | (labels > 0)).sum() > 0.8


@pytest.mark.parametrize(
    ("height", "color"), [(NOISE, RED), (0.0072, GRAY), (-0.0072, RED)], ids=["low", "gray", "sunk"]
)
def test_slab_within_noise_or_of_the_same_color_is_none(height, color):
    assert not segment_slab(height, color).any()
