"""Initial centers of K-Means: their number, their quality and their reproducibility."""

import torch

from scenerep_ros.clustering.kmeans.seeding import find_initial_centers


def separated_groups(group_count=4, size=10):
    """Points in groups at distance 10 with a spread of 0.1."""
    centers = 10 * torch.eye(group_count)
    noise = torch.randn(group_count, size, group_count, generator=torch.Generator().manual_seed(0))
    points = (centers[:, None] + 0.1 * noise).flatten(0, 1)
    return points - points.mean(0)


def initial_centers(points, counts, seed=0):
    return find_initial_centers(points, counts, torch.Generator().manual_seed(seed))


def test_initial_centers_have_slots_for_largest_problem():
    assert initial_centers(separated_groups(), (2, 3, 4)).shape == (3, 4, 4)


def test_initial_centers_lie_in_all_separated_groups():
    points = separated_groups()
    for seed in range(5):
        (centers,) = initial_centers(points, (4,), seed)
        nearest = torch.cdist(points, centers).argmin(1).view(4, 10)
        assert (nearest == nearest[:, :1]).all()
        assert len(nearest[:, 0].unique()) == 4


def test_initial_centers_with_same_seed_are_equal():
    points = separated_groups()
    first, second = initial_centers(points, (2, 3), 5), initial_centers(points, (2, 3), 5)
    assert torch.equal(first, second)
