"""K-Means sweep against scikit-learn's K-Means."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from threadpoolctl import threadpool_limits

from scenerep_ros.clustering.kmeans.sweep import center_scores, kmeans_sweep

COUNTS = range(2, 11)


def sklearn_inertia(points, counts, starts=1, seed=0):
    with threadpool_limits(1):  # threads wait for each other on a busy machine
        fits = [KMeans(k, n_init=starts, random_state=seed).fit(points) for k in counts]
    return np.array([fit.inertia_ for fit in fits])


def inertia_of(points, centers):
    return torch.cdist(points.double(), centers.double()).square().amin(1).sum().item()


def blobs(count, dimensions, seed, std=1.0, samples=800):
    points, _ = make_blobs(samples, dimensions, centers=count, cluster_std=std, random_state=seed)
    return torch.from_numpy(points.astype(np.float32))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dimensions", [2, 16, 200])
def test_sweep_on_blobs_matches_ten_starts_of_scikit_learn(dimensions, seed):
    points = blobs(5, dimensions, seed)
    ours = kmeans_sweep(points, [5], seed).inertia.item()
    assert ours <= 1.01 * sklearn_inertia(points.numpy(), [5], starts=10)[0]


def test_sweep_on_noise_matches_scikit_learn():
    points = torch.from_numpy(np.random.default_rng(0).normal(size=(900, 96)).astype(np.float32))
    ours = kmeans_sweep(points, COUNTS).inertia.numpy()
    np.testing.assert_allclose(ours, sklearn_inertia(points.numpy(), COUNTS), rtol=0.01)


def test_inertia_is_precise_for_tight_clusters():
    points = blobs(4, 32, seed=1, std=1e-3) * 1000
    sweep = kmeans_sweep(points, [3, 4])
    for centers, inertia in zip(sweep.centers, sweep.inertia.tolist(), strict=True):
        assert inertia == pytest.approx(inertia_of(points, centers), rel=1e-3)
    assert sweep.inertia[1] <= 1.01 * sklearn_inertia(points.numpy(), [4], starts=10)[0]


def test_cluster_counts_are_sorted_and_unique():
    sweep = kmeans_sweep(blobs(3, 4, 0), [4, 2, 4])
    assert sweep.cluster_counts == (2, 4)
    assert [tuple(c.shape) for c in sweep.centers] == [(2, 4), (4, 4)]


def test_sweep_with_same_seed_is_deterministic():
    points = blobs(6, 24, 3)
    first = kmeans_sweep(points, COUNTS, seed=7)
    torch.rand(13)
    second = kmeans_sweep(points, COUNTS, seed=7)
    assert torch.equal(first.inertia, second.inertia)
    assert all(map(torch.equal, first.centers, second.centers))


def test_sweep_leaves_global_random_state_unchanged():
    torch.manual_seed(0)
    kmeans_sweep(blobs(3, 8, 0), [3])
    drawn = torch.rand(1)
    torch.manual_seed(0)
    assert torch.equal(drawn, torch.rand(1))


def test_more_clusters_than_points_gives_singletons():
    points = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 5.0]])
    sweep = kmeans_sweep(points, [2, 8])
    assert sweep.cluster_counts == (2, 3)
    assert sweep.inertia.tolist() == pytest.approx([0.5, 0.0], abs=1e-5)


def test_single_cluster_center_is_the_mean():
    points = blobs(3, 5, 0)
    sweep = kmeans_sweep(points, [1])
    torch.testing.assert_close(sweep.centers[0][0], points.mean(0), rtol=1e-4, atol=1e-4)
    assert sweep.inertia.item() == pytest.approx((points - points.mean(0)).square().sum(), rel=1e-3)


@pytest.mark.parametrize(("point_count", "counts"), [(0, [2]), (5, []), (5, [0, 2])])
def test_empty_input_is_refused(point_count, counts):
    with pytest.raises(ValueError, match="clusters"):
        kmeans_sweep(torch.zeros(point_count, 3), counts)


def test_equal_points_have_zero_inertia_and_finite_centers():
    sweep = kmeans_sweep(torch.full((40, 6), 0.3), COUNTS)
    assert sweep.inertia.tolist() == pytest.approx([0.0] * len(COUNTS), abs=1e-6)
    assert all(torch.isfinite(centers).all() for centers in sweep.centers)


def test_points_beyond_sample_size_are_all_fitted():
    points = blobs(7, 8, 5, samples=5000)
    sweep = kmeans_sweep(points, [7])
    assert sweep.inertia.item() == pytest.approx(inertia_of(points, sweep.centers[0]), rel=0.01)
    assert sweep.inertia.item() <= 1.01 * sklearn_inertia(points.numpy(), [7], starts=10)[0]


def test_center_scores_far_from_origin_prefer_nearest_center():
    points = blobs(5, 12, 2) + 3000
    centers = points[::200]
    nearest = torch.cdist(points.double(), centers.double()).argmin(1)
    assert (center_scores(points, centers).argmax(0) == nearest).float().mean() > 0.999


point_set_arguments = st.tuples(
    st.integers(3, 60), st.integers(1, 12), st.integers(0, 10_000), st.sampled_from([1, 3, 1000])
)


def lattice_points(count, dimensions, seed, levels):
    """Points on a lattice of few levels, with duplicates and ties."""
    lattice = np.random.default_rng(seed).integers(0, levels + 1, (count, dimensions))
    return torch.from_numpy(lattice.astype(np.float32) / levels)


@settings(max_examples=60)
@given(point_set_arguments, st.integers(2, 9))
def test_sweep_inertia_equals_that_of_its_centers(arguments, largest):
    points = lattice_points(*arguments)
    sweep = kmeans_sweep(points, range(1, largest + 1))
    total = (points - points.mean(0)).square().sum().item()
    for count, centers, inertia in zip(
        sweep.cluster_counts, sweep.centers, sweep.inertia, strict=True
    ):
        assert centers.shape == (count, points.shape[1])
        assert torch.isfinite(centers).all()
        assert inertia_of(points, centers) == pytest.approx(inertia.item(), rel=0.02, abs=1e-4)
        assert inertia <= total * 1.001 + 1e-4


@settings(max_examples=30)
@given(point_set_arguments)
def test_inertia_decreases_with_cluster_count(arguments):
    inertia = kmeans_sweep(lattice_points(*arguments), COUNTS).inertia
    assert (inertia[1:] <= 1.1 * inertia[:-1] + 1e-3).all()


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_inertia_does_not_depend_on_point_order(seed):
    points = blobs(4, 6, seed=0, std=0.5, samples=200)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(points)))
    original, shuffled = kmeans_sweep(points, [4]), kmeans_sweep(points[order], [4])
    assert shuffled.inertia.item() == pytest.approx(original.inertia.item(), rel=0.01)


def test_sweep_on_real_features_matches_scikit_learn(real_grids):
    """The mean inertia over frames and seeds is compared with one start of scikit-learn for every k."""
    ours, expected = np.zeros(len(COUNTS)), np.zeros(len(COUNTS))
    for features in real_grids:
        points = torch.nn.functional.normalize(features.grid.flatten(0, 1), dim=1)
        total = (points - points.mean(0)).square().sum().item()
        for seed in range(2):
            ours += kmeans_sweep(points, COUNTS, seed).inertia.numpy() / total
            expected += sklearn_inertia(points.numpy(), COUNTS, seed=seed) / total
    assert (ours <= 1.01 * expected).all(), ours / expected
