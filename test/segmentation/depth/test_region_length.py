"""Length of regions in space."""

from __future__ import annotations

import numpy as np
from table_tops import SHAPE

from scenerep_ros.frames import KINECT
from scenerep_ros.geometry import viewing_rays
from scenerep_ros.geometry.inverse_depth import InverseDepthImage
from scenerep_ros.ops.region_samples import RegionSamples
from scenerep_ros.segmentation.depth.region_length import find_oversized_regions

RAYS = viewing_rays(KINECT, *SHAPE)[::2, ::2]


def test_regions_longer_than_max_size_are_oversized():
    regions = np.zeros(RAYS.shape[:2], np.int32)
    regions[100:110, 35:285] = 1  # 0.95 m at 1 m
    regions[150:160, 100:205] = 2  # 0.4 m at 1 m
    w = np.ones(regions.shape, np.float32)
    view = InverseDepthImage(w, w, RAYS)
    samples = RegionSamples.of(regions)
    np.testing.assert_array_equal(find_oversized_regions(samples, view, 0.8), [False, True, False])
    np.testing.assert_array_equal(find_oversized_regions(samples, view, 0.3), [False, True, True])
