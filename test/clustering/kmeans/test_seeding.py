"""Initial centers of K-Means: their number, their quality and their reproducibility."""

import numpy as np
from scipy.spatial.distance import cdist

from scenerep_ros.clustering.kmeans.seeding import find_initial_centers


def separated_groups(group_count=4, size=10):
    """Points in groups at distance 10 with a spread of 0.1."""
    centers = 10 * np.eye(group_count, dtype=np.float32)
    shape = group_count, size, group_count
    noise = np.random.default_rng(0).standard_normal(shape, np.float32)
    points = (centers[:, None] + 0.1 * noise).reshape(-1, group_count)
    return points - points.mean(0)


def initial_centers(points, counts, seed=0):
    return find_initial_centers(points, counts, np.random.default_rng(seed))


def test_initial_centers_have_slots_for_largest_problem():
    assert initial_centers(separated_groups(), (2, 3, 4)).shape == (3, 4, 4)


def test_initial_centers_lie_in_all_separated_groups():
    points = separated_groups()
    for seed in range(5):
        (centers,) = initial_centers(points, (4,), seed)
        nearest = cdist(points, centers).argmin(1).reshape(4, 10)
        assert (nearest == nearest[:, :1]).all()
        assert len(np.unique(nearest[:, 0])) == 4


def test_initial_centers_with_same_seed_are_equal():
    points = separated_groups()
    first, second = initial_centers(points, (2, 3), 5), initial_centers(points, (2, 3), 5)
    np.testing.assert_array_equal(first, second)
