"""Check of the unit of live depth."""

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from scenerep_ros.ros.monitoring.depth_check import impossible_median


@pytest.mark.parametrize(
    ("depth_m", "is_possible"), [(0.3, True), (8.0, True), (1200.0, False), (0.0012, False)]
)
def test_impossible_median_names_depth_of_another_unit(depth_m, is_possible):
    depth = np.full((120, 160), depth_m, np.float32)
    depth[1::2] = np.nan
    depth[::4, :40] = 2.0
    median = impossible_median(depth)
    assert (median is None) == is_possible
    if not is_possible:
        assert median == pytest.approx(depth_m)


def test_impossible_median_ignores_images_with_hardly_any_depth():
    depth = np.full((120, 160), np.nan, np.float32)
    assert impossible_median(depth) is None
    depth[0, 0] = 1000.0
    assert impossible_median(depth) is None
