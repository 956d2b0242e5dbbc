import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from threadpoolctl import threadpool_limits

from scenerep_ros.clustering.kmeans.sweep import affinity, kmeans_sweep

SIZES = range(2, 11)


def sklearn_inertia(points, sizes, starts=1, seed=0):
    with threadpool_limits(1):  # its threads would wait for each other on a busy machine
        fits = [KMeans(k, n_init=starts, random_state=seed).fit(points) for k in sizes]
    return np.array([fit.inertia_ for fit in fits])


def inertia_of(points, centers):
    return torch.cdist(points.double(), centers.double()).square().amin(1).sum().item()


def blobs(count, dimensions, seed, std=1.0, samples=800):
    points, _ = make_blobs(samples, dimensions, centers=count, cluster_std=std, random_state=seed)
    return torch.from_numpy(points.astype(np.float32))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dimensions", [2, 16, 200])
def test_blobs_are_found_as_well_as_by_ten_starts_of_scikit_learn(dimensions, seed):
    points = blobs(5, dimensions, seed)
    ours = kmeans_sweep(points, [5], seed).inertia.item()
    assert ours <= 1.01 * sklearn_inertia(points.numpy(), [5], starts=10)[0]


def test_a_sweep_is_as_good_as_scikit_learn_where_nothing_clusters():
    points = torch.from_numpy(np.random.default_rng(0).normal(size=(900, 96)).astype(np.float32))
    ours = kmeans_sweep(points, SIZES).inertia.numpy()
    np.testing.assert_allclose(ours, sklearn_inertia(points.numpy(), SIZES), rtol=0.01)


def test_inertia_is_exact_for_clusters_far_tighter_than_their_distances():
    points = blobs(4, 32, seed=1, std=1e-3) * 1000
    sweep = kmeans_sweep(points, [3, 4])
    for centers, inertia in zip(sweep.centers, sweep.inertia.tolist(), strict=True):
        assert inertia == pytest.approx(inertia_of(points, centers), rel=1e-3)
    assert sweep.inertia[1] <= 1.01 * sklearn_inertia(points.numpy(), [4], starts=10)[0]


def test_sizes_come_back_sorted_and_without_doubles():
    sweep = kmeans_sweep(blobs(3, 4, 0), [4, 2, 4])
    assert sweep.sizes == (2, 4)
    assert [tuple(c.shape) for c in sweep.centers] == [(2, 4), (4, 4)]


def test_the_same_seed_gives_the_same_clusters_whatever_was_drawn_before():
    points = blobs(6, 24, 3)
    first = kmeans_sweep(points, SIZES, seed=7)
    torch.rand(13)
    second = kmeans_sweep(points, SIZES, seed=7)
    assert torch.equal(first.inertia, second.inertia)
    assert all(map(torch.equal, first.centers, second.centers))


def test_the_caller_s_random_numbers_are_left_alone():
    torch.manual_seed(0)
    kmeans_sweep(blobs(3, 8, 0), [3])
    drawn = torch.rand(1)
    torch.manual_seed(0)
    assert torch.equal(drawn, torch.rand(1))


def test_more_clusters_than_points_give_each_point_its_own():
    points = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 5.0]])
    sweep = kmeans_sweep(points, [2, 8])
    assert sweep.sizes == (2, 3)
    assert sweep.inertia.tolist() == pytest.approx([0.5, 0.0], abs=1e-5)


def test_one_cluster_is_the_mean():
    points = blobs(3, 5, 0)
    sweep = kmeans_sweep(points, [1])
    torch.testing.assert_close(sweep.centers[0][0], points.mean(0), rtol=1e-4, atol=1e-4)
    assert sweep.inertia.item() == pytest.approx((points - points.mean(0)).square().sum(), rel=1e-3)


@pytest.mark.parametrize(("count", "sizes"), [(0, [2]), (5, []), (5, [0, 2])])
def test_nothing_to_cluster_is_refused(count, sizes):
    with pytest.raises(ValueError, match="clusters"):
        kmeans_sweep(torch.zeros(count, 3), sizes)


def test_equal_points_are_one_cluster_whatever_was_asked():
    sweep = kmeans_sweep(torch.full((40, 6), 0.3), SIZES)
    assert sweep.inertia.tolist() == pytest.approx([0.0] * len(SIZES), abs=1e-6)
    assert all(torch.isfinite(centers).all() for centers in sweep.centers)


def test_large_grids_are_searched_on_a_sample_but_fitted_to_all():
    points = blobs(7, 8, 5, samples=5000)
    sweep = kmeans_sweep(points, [7])
    assert sweep.inertia.item() == pytest.approx(inertia_of(points, sweep.centers[0]), rel=0.01)
    assert sweep.inertia.item() <= 1.01 * sklearn_inertia(points.numpy(), [7], starts=10)[0]


def test_affinity_is_highest_at_the_nearest_center_far_from_the_origin():
    points = blobs(5, 12, 2) + 3000
    centers = points[::200]
    nearest = torch.cdist(points.double(), centers.double()).argmin(1)
    assert (affinity(points, centers).argmax(0) == nearest).float().mean() > 0.999


point_sets = st.tuples(
    st.integers(3, 60), st.integers(1, 12), st.integers(0, 10_000), st.sampled_from([1, 3, 1000])
)


def drawn_points(count, dimensions, seed, levels):
    """Points on a lattice of few levels have doubles and ties."""
    lattice = np.random.default_rng(seed).integers(0, levels + 1, (count, dimensions))
    return torch.from_numpy(lattice.astype(np.float32) / levels)


@settings(max_examples=60, deadline=None)
@given(point_sets, st.integers(2, 9))
def test_every_solution_of_a_sweep_is_sound(drawn, largest):
    points = drawn_points(*drawn)
    sweep = kmeans_sweep(points, range(1, largest + 1))
    total = (points - points.mean(0)).square().sum().item()
    for size, centers, inertia in zip(sweep.sizes, sweep.centers, sweep.inertia, strict=True):
        assert centers.shape == (size, points.shape[1])
        assert torch.isfinite(centers).all()
        assert inertia_of(points, centers) == pytest.approx(inertia.item(), rel=0.02, abs=1e-4)
        assert inertia <= total * 1.001 + 1e-4


@settings(max_examples=30, deadline=None)
@given(point_sets)
def test_more_clusters_never_cost_much_inertia(drawn):
    inertia = kmeans_sweep(drawn_points(*drawn), SIZES).inertia
    assert (inertia[1:] <= 1.1 * inertia[:-1] + 1e-3).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_the_order_of_the_points_does_not_matter_to_what_is_found(seed):
    points = blobs(4, 6, seed=0, std=0.5, samples=200)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(points)))
    straight, shuffled = kmeans_sweep(points, [4]), kmeans_sweep(points[order], [4])
    assert shuffled.inertia.item() == pytest.approx(straight.inertia.item(), rel=0.01)


def test_real_features_cluster_as_well_as_with_scikit_learn(real_grids):
    """Mean inertia over frames and seeds, for every k, against its default of one start."""
    ours, theirs = np.zeros(len(SIZES)), np.zeros(len(SIZES))
    for features in real_grids:
        points = torch.nn.functional.normalize(features.grid.flatten(0, 1), dim=1)
        total = (points - points.mean(0)).square().sum().item()
        for seed in range(2):
            ours += kmeans_sweep(points, SIZES, seed).inertia.numpy() / total
            theirs += sklearn_inertia(points.numpy(), SIZES, seed=seed) / total
    assert (ours <= 1.01 * theirs).all(), ours / theirs
