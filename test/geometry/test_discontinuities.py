"""Depth discontinuities and concave creases."""

from __future__ import annotations

import numpy as np

from scenerep_ros.geometry.discontinuities import concavity, depth_discontinuities


def test_depth_discontinuities_marks_both_sides_of_a_step():
    inverse_depth = np.ones((20, 30), np.float32)
    inverse_depth[:, 15:] = 0.9
    edges = depth_discontinuities(inverse_depth, 0.02)
    assert np.flatnonzero(edges.any(axis=0)).tolist() == [14, 15]
    assert edges[:, 14:16].all()


def test_depth_discontinuities_finds_horizontal_edges():
    inverse_depth = np.ones((20, 30), np.float32)
    inverse_depth[8:] = 1.1
    edges = depth_discontinuities(inverse_depth, 0.02)
    assert np.flatnonzero(edges.any(axis=1)).tolist() == [7, 8]


def test_depth_discontinuities_of_a_slanted_surface_is_empty():
    inverse_depth = np.tile(np.linspace(0.5, 2, 30, dtype=np.float32), (20, 1))
    assert np.diff(inverse_depth[0]).min() > 0.02
    assert not depth_discontinuities(inverse_depth, 0.02).any()


def test_depth_discontinuities_below_the_threshold_is_empty():
    inverse_depth = np.ones((20, 30), np.float32)
    inverse_depth[:, 15:] = 0.99
    assert not depth_discontinuities(inverse_depth, 0.02).any()


def test_depth_discontinuities_ignores_missing_depth():
    inverse_depth = np.ones((20, 30), np.float32)
    inverse_depth[5:10, 5:10] = np.nan
    assert not depth_discontinuities(inverse_depth, 0.02).any()


def roof(sign: int) -> np.ndarray:
    """Inverse depth of two planes that meet in column 20."""
    slope = np.abs(np.arange(41) - 20) * np.float32(0.01 * sign)
    return np.tile(1 + slope, (30, 1)).astype(np.float32)


def test_concavity_is_positive_in_a_concave_crease():
    result = concavity(roof(1))
    assert result[15, 20] > 0.03
    assert abs(result[15, 8]) < 1e-4


def test_concavity_is_not_positive_on_a_convex_edge():
    assert concavity(roof(-1))[15, 20] < 1e-4


def test_concavity_without_depth_is_nan():
    assert np.isnan(concavity(np.full((12, 12), np.nan, np.float32))).all()
