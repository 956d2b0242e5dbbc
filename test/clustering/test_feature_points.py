import pytest
import torch

from scenerep_ros.clustering.feature_points import clusters_from_centers, feature_points
from scenerep_ros.frames import Features


def features_from_grid(grid):
    return Features(grid, grid.flatten(0, 1).mean(0))


def test_feature_points_have_unit_length_in_grid_order():
    grid = torch.rand(2, 3, 5) + 0.1
    points = feature_points(features_from_grid(grid), components=0)
    torch.testing.assert_close(points.norm(dim=1), torch.ones(6))
    torch.testing.assert_close(points[4], grid[1, 1] / grid[1, 1].norm())


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0])
def test_feature_points_of_invalid_patch_are_zero(value):
    grid = torch.ones(2, 2, 3)
    grid[0, 1] = value
    points = feature_points(features_from_grid(grid), components=0)
    assert points[1].tolist() == [0, 0, 0]
    assert (points[[0, 2, 3]] > 0).all()


def test_feature_points_reduce_to_principal_components():
    points = feature_points(features_from_grid(torch.rand(4, 5, 8)), components=2)
    assert points.shape == (20, 2)
    torch.testing.assert_close(points.mean(0), torch.zeros(2), atol=1e-5, rtol=0)


def test_clusters_from_centers_prefer_nearest_center():
    features = features_from_grid(torch.eye(3)[[0, 1, 2, 0]].view(2, 2, 3))
    points = feature_points(features, components=0)
    clusters = clusters_from_centers(points, torch.eye(3), features)
    assert clusters.scores.argmax(0).tolist() == [[0, 1], [2, 0]]
