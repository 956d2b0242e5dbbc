import numpy as np
import pytest
from sklearn.decomposition import PCA

from scenerep_ros.clustering.projection import pca, sketch


def correlated_points(count, dimensions, seed=0):
    rng = np.random.default_rng(seed)
    independent = rng.normal(size=(count, dimensions)) * 0.8 ** np.arange(dimensions)
    return (independent @ rng.normal(size=(dimensions, dimensions)) + 5).astype(np.float32)


@pytest.mark.parametrize("shape", [(300, 24), (40, 90)], ids=["tall", "wide"])
def test_pca_equals_scikit_learn_up_to_sign(shape):
    points = correlated_points(*shape)
    projected = pca(points, 6)
    expected = PCA(6, svd_solver="full").fit_transform(points)
    tolerance = 2e-3 * np.abs(expected).max()
    np.testing.assert_allclose(np.abs(projected), np.abs(expected), atol=tolerance)


def test_pca_signs_do_not_depend_on_point_order():
    points = correlated_points(200, 16)
    projected, reversed_projected = pca(points, 4), pca(points[::-1], 4)
    assert (projected.max(0) == np.abs(projected).max(0)).all()
    np.testing.assert_allclose(reversed_projected[::-1], projected, atol=1e-2, rtol=1e-3)


def test_pca_keeps_at_most_existing_components():
    assert pca(correlated_points(5, 9), 100).shape == (5, 5)
    assert pca(correlated_points(9, 5), 100).shape == (9, 5)


def test_pca_of_equal_points_is_zero():
    assert not pca(np.full((6, 4), 2.5, np.float32), 2).any()


def test_sketch_keeps_95_percent_of_pca_variance():
    points = correlated_points(500, 64)
    points = points - points.mean(0)
    sketched = sketch(points, points[::2], 8, np.random.default_rng(0))
    assert sketched.shape == (500, 8)
    best = np.square(pca(points, 8)).sum()
    assert 0.95 * best < np.square(sketched).sum() <= 1.001 * best


def test_sketch_returns_points_of_few_dimensions_unchanged():
    points = correlated_points(30, 5)
    assert sketch(points, points, 8, np.random.default_rng(0)) is points
