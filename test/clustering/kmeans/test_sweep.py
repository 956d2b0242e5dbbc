"""K-Means sweep against scikit-learn's K-Means."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from threadpoolctl import threadpool_limits

from scenerep_ros.clustering.kmeans.sweep import center_scores, kmeans_sweep
from scenerep_ros.ops.unit_vectors import unit_rows

COUNTS = range(2, 11)


def sklearn_inertia(points, counts, starts=1, seed=0):
    with threadpool_limits(1):  # threads wait for each other on a busy machine
        fits = [KMeans(k, n_init=starts, random_state=seed).fit(points) for k in counts]
    return np.array([fit.inertia_ for fit in fits])


def inertia_of(points, centers):
    return cdist(points, centers, "sqeuclidean").min(1).sum()


def blobs(count, dimensions, seed, std=1.0, samples=800):
    points, _ = make_blobs(samples, dimensions, centers=count, cluster_std=std, random_state=seed)
    return points.astype(np.float32)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dimensions", [2, 16, 200])
def test_sweep_on_blobs_matches_ten_starts_of_scikit_learn(dimensions, seed):
    points = blobs(5, dimensions, seed)
    ours = kmeans_sweep(points, [5], seed).inertia.item()
    assert ours <= 1.01 * sklearn_inertia(points, [5], starts=10)[0]


def test_sweep_on_noise_matches_scikit_learn():
    points = np.random.default_rng(0).normal(size=(900, 96)).astype(np.float32)
    ours = kmeans_sweep(points, COUNTS).inertia
    np.testing.assert_allclose(ours, sklearn_inertia(points, COUNTS), rtol=0.01)


def test_inertia_is_precise_for_tight_clusters():
    points = blobs(4, 32, seed=1, std=1e-3) * 1000
    sweep = kmeans_sweep(points, [3, 4])
    for centers, inertia in zip(sweep.centers, sweep.inertia.tolist(), strict=True):
        assert inertia == pytest.approx(inertia_of(points, centers), rel=1e-3)
    assert sweep.inertia[1] <= 1.01 * sklearn_inertia(points, [4], starts=10)[0]


def test_cluster_counts_are_sorted_and_unique():
    sweep = kmeans_sweep(blobs(3, 4, 0), [4, 2, 4])
    assert sweep.cluster_counts == (2, 4)
    assert [tuple(c.shape) for c in sweep.centers] == [(2, 4), (4, 4)]


def test_sweep_with_same_seed_is_deterministic():
    points = blobs(6, 24, 3)
    first = kmeans_sweep(points, COUNTS, seed=7)
    np.random.random(13)  # noqa: NPY002 - changes the global state
    second = kmeans_sweep(points, COUNTS, seed=7)
    np.testing.assert_array_equal(first.inertia, second.inertia)
    for first_centers, second_centers in zip(first.centers, second.centers, strict=True):
        np.testing.assert_array_equal(first_centers, second_centers)


def test_sweep_leaves_global_random_state_unchanged():
    points = blobs(3, 8, 0)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    kmeans_sweep(points, [3])
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_more_clusters_than_points_gives_singletons():
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 5.0]], np.float32)
    sweep = kmeans_sweep(points, [2, 8])
    assert sweep.cluster_counts == (2, 3)
    assert sweep.inertia.tolist() == pytest.approx([0.5, 0.0], abs=1e-5)


def test_single_cluster_center_is_the_mean():
    points = blobs(3, 5, 0)
    sweep = kmeans_sweep(points, [1])
    np.testing.assert_allclose(sweep.centers[0][0], points.mean(0), rtol=1e-4, atol=1e-4)
    assert sweep.inertia.item() == pytest.approx(np.square(points - points.mean(0)).sum(), rel=1e-3)


@pytest.mark.parametrize(("point_count", "counts"), [(0, [2]), (5, []), (5, [0, 2])])
def test_empty_input_is_refused(point_count, counts):
    with pytest.raises(ValueError, match="clusters"):
        kmeans_sweep(np.zeros((point_count, 3), np.float32), counts)


def test_equal_points_have_zero_inertia_and_finite_centers():
    sweep = kmeans_sweep(np.full((40, 6), 0.3, np.float32), COUNTS)
    assert sweep.inertia.tolist() == pytest.approx([0.0] * len(COUNTS), abs=1e-6)
    assert all(np.isfinite(centers).all() for centers in sweep.centers)


def test_points_beyond_sample_size_are_all_fitted():
    points = blobs(7, 8, 5, samples=5000)
    sweep = kmeans_sweep(points, [7])
    assert sweep.inertia.item() == pytest.approx(inertia_of(points, sweep.centers[0]), rel=0.01)
    assert sweep.inertia.item() <= 1.01 * sklearn_inertia(points, [7], starts=10)[0]


def test_center_scores_far_from_origin_prefer_nearest_center():
    points = blobs(5, 12, 2) + 3000
    centers = points[::200]
    nearest = cdist(points, centers).argmin(1)
    assert (center_scores(points, centers).argmax(0) == nearest).mean() > 0.999


point_set_arguments = st.tuples(
    st.integers(3, 60), st.integers(1, 12), st.integers(0, 10_000), st.sampled_from([1, 3, 1000])
)


def lattice_points(count, dimensions, seed, levels):
    """Points on a lattice of few levels, with duplicates and ties."""
    lattice = np.random.default_rng(seed).integers(0, levels + 1, (count, dimensions))
    return lattice.astype(np.float32) / np.float32(levels)


@settings(max_examples=60)
@given(point_set_arguments, st.integers(2, 9))
def test_sweep_inertia_equals_that_of_its_centers(arguments, largest):
    points = lattice_points(*arguments)
    sweep = kmeans_sweep(points, range(1, largest + 1))
    total = np.square(points - points.mean(0)).sum().item()
    for count, centers, inertia in zip(
        sweep.cluster_counts, sweep.centers, sweep.inertia, strict=True
    ):
        assert centers.shape == (count, points.shape[1])
        assert np.isfinite(centers).all()
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
    order = np.random.default_rng(seed).permutation(len(points))
    original, shuffled = kmeans_sweep(points, [4]), kmeans_sweep(points[order], [4])
    assert shuffled.inertia.item() == pytest.approx(original.inertia.item(), rel=0.01)


def test_sweep_on_real_features_matches_scikit_learn(real_grids):
    """The mean inertia over frames and seeds is compared with one start of scikit-learn for every k."""
    ours, expected = np.zeros(len(COUNTS)), np.zeros(len(COUNTS))
    for features in real_grids:
        points = unit_rows(features.grid.reshape(-1, features.grid.shape[2]))
        total = np.square(points - points.mean(0)).sum().item()
        for seed in range(2):
            ours += kmeans_sweep(points, COUNTS, seed).inertia / total
            expected += sklearn_inertia(points, COUNTS, seed=seed) / total
    assert (ours <= 1.01 * expected).all(), ours / expected
