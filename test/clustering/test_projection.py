import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from scenerep_ros.clustering.projection import pca, sketch


def correlated(count, dimensions, seed=0):
    rng = np.random.default_rng(seed)
    spread = rng.normal(size=(count, dimensions)) * 0.8 ** np.arange(dimensions)
    return (spread @ rng.normal(size=(dimensions, dimensions)) + 5).astype(np.float32)


@pytest.mark.parametrize("shape", [(300, 24), (40, 90)], ids=["tall", "wide"])
def test_components_are_those_of_scikit_learn_up_to_their_sign(shape):
    points = correlated(*shape)
    ours = pca(torch.from_numpy(points), 6).numpy()
    theirs = PCA(6, svd_solver="full").fit_transform(points)
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), atol=2e-3 * np.abs(theirs).max())


def test_the_largest_coordinate_of_a_component_is_positive_whatever_the_order_of_points():
    points = torch.from_numpy(correlated(200, 16))
    projected, flipped = pca(points, 4), pca(points.flip(0), 4)
    assert (projected.max(0).values == projected.abs().max(0).values).all()
    torch.testing.assert_close(flipped.flip(0), projected, atol=1e-2, rtol=1e-3)


def test_no_more_components_than_there_are():
    assert pca(torch.rand(5, 9), 100).shape == (5, 5)
    assert pca(torch.rand(9, 5), 100).shape == (9, 5)


def test_equal_points_project_to_the_origin():
    assert pca(torch.full((6, 4), 2.5), 2).abs().max() == 0


def test_a_sketch_keeps_nearly_as_much_as_the_principal_components():
    points = torch.from_numpy(correlated(500, 64))
    points = points - points.mean(0)
    kept = sketch(points, points[::2], 8, torch.Generator().manual_seed(0))
    assert kept.shape == (500, 8)
    best = pca(points, 8).square().sum()
    assert 0.95 * best < kept.square().sum() <= 1.001 * best


def test_points_of_few_dimensions_are_their_own_sketch():
    points = torch.rand(30, 5)
    assert sketch(points, points, 8, torch.Generator()) is points
