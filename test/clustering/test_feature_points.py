import numpy as np
import pytest

from scenerep_ros.clustering.feature_points import clusters_from_centers, feature_points
from scenerep_ros.frames import Features


def features_from_grid(grid):
    return Features(grid, grid.mean((0, 1)))


def random_grid(*shape):
    return np.random.default_rng(0).random(shape, np.float32) + np.float32(0.1)


def test_feature_points_have_unit_length_in_grid_order():
    grid = random_grid(2, 3, 5)
    points = feature_points(features_from_grid(grid), components=0)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(points[4], grid[1, 1] / np.linalg.norm(grid[1, 1]), rtol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
def test_feature_points_of_invalid_patch_are_zero(value):
    grid = np.ones((2, 2, 3), np.float32)
    grid[0, 1] = value
    points = feature_points(features_from_grid(grid), components=0)
    assert points[1].tolist() == [0, 0, 0]
    assert (points[[0, 2, 3]] > 0).all()


def test_feature_points_reduce_to_principal_components():
    points = feature_points(features_from_grid(random_grid(4, 5, 8)), components=2)
    assert points.shape == (20, 2)
    np.testing.assert_allclose(points.mean(0), 0, atol=1e-5)


def test_clusters_from_centers_prefer_nearest_center():
    centers = np.eye(3, dtype=np.float32)
    features = features_from_grid(centers[[[0, 1], [2, 0]]])
    points = feature_points(features, components=0)
    clusters = clusters_from_centers(points, centers, features)
    assert clusters.scores.argmax(0).tolist() == [[0, 1], [2, 0]]
