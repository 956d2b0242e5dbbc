"""Properties that all clustering methods share, and the knee of K-Means."""

import numpy as np
import pytest
from segmenters import cluster

from scenerep_ros.clustering.kmeans.feature_kmeans import find_knee
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.config.validation import validated
from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import Features

KMEANS = ["kmeans", "kmeans_knee"]
ALL = [*KMEANS, "ncut", "agglomeration", "spectral"]


def features_from_grid(grid):
    return Features(grid, grid.mean((0, 1)))


def striped_grid(count=4, h=12, w=16, noise=0.05):
    """Vertical stripes with one feature each."""
    generator = np.random.default_rng(0)
    kinds = generator.standard_normal((count, 32), np.float32)
    stripe = np.arange(w) * count // w
    return kinds[stripe] + noise * generator.standard_normal((h, w, 32), np.float32)


def random_grid(*shape):
    return np.random.default_rng(0).random(shape, np.float32)


@pytest.mark.parametrize("pca", [0, 5])
@pytest.mark.parametrize("method", ALL)
def test_method_separates_stripes(method, pca):
    features = features_from_grid(striped_grid())
    clusters = cluster(features, method, clustering__pca=pca, kmeans__clusters=4)
    labels = clusters.label_image((120, 160))
    assert clusters.background is None
    center_labels = labels[60, 20::40]
    assert len(set(center_labels.tolist())) == 4
    for stripe, label in enumerate(center_labels):
        assert (labels[:, 40 * stripe + 8 : 40 * stripe + 32] == label).all()


def test_kmeans_ignores_feature_length():
    scale = np.linspace(0.2, 5, 12, dtype=np.float32)[:, None, None]
    features = features_from_grid(striped_grid(2) * scale)
    labels = cluster(features, "kmeans", kmeans__clusters=2).label_image((12, 16))
    assert np.unique(labels).tolist() == [1, 2]
    assert (labels == labels[:1]).all()


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize("pca", [0, 3])
@pytest.mark.parametrize(
    "grid",
    [
        np.ones((6, 7, 16), np.float32),
        np.zeros((6, 7, 16), np.float32),
        np.full((6, 7, 16), np.nan, np.float32),
        np.full((6, 7, 16), np.inf, np.float32),
        random_grid(1, 1, 16),
        random_grid(1, 3, 16),
        random_grid(5, 5, 1),
        random_grid(6, 7, 16).astype(np.float16),
    ],
    ids=["constant", "zero", "nan", "inf", "one patch", "three patches", "one channel", "half"],
)
def test_degenerate_grid_gives_finite_scores(grid, pca, method):
    features = features_from_grid(grid)
    clusters = cluster(features, method, clustering__pca=pca, kmeans__clusters=8)
    assert np.isfinite(clusters.scores).all()
    labels = clusters.label_image((24, 28))
    assert 1 <= labels.min() <= labels.max() <= len(clusters.scores)


def test_kmeans_with_nan_patch_separates_the_others():
    grid = striped_grid()
    grid[0, 0] = np.nan
    clusters = cluster(features_from_grid(grid), "kmeans", kmeans__clusters=5)
    labels = clusters.label_image((12, 16))
    assert len({int(labels[6, u]) for u in (1, 5, 9, 13)}) == 4


@pytest.mark.parametrize("options", [{"min_clusters": 12}, {"min_clusters": 5, "max_clusters": 5}])
def test_empty_cluster_range_is_refused(options):
    with pytest.raises(ConfigError, match=r"option kmeans_knee.max_clusters.*min_clusters"):
        validated(PipelineConfig, {"kmeans_knee": options})


def test_find_knee_returns_bend_of_curve():
    assert find_knee(range(2, 11), [100, 60, 30, 12, 10, 9, 8.5, 8, 7.8]) == 5


@pytest.mark.parametrize(
    "inertia",
    [[9.0, 8.0, 7.0, 6.0], [5.0] * 4, [0.0] * 4, [1.0, 2.0, 3.0, 4.0], [2.0, 1.0], [3.0]],
    ids=["straight", "flat", "zero", "rising", "two points", "one point"],
)
def test_find_knee_without_knee_returns_smallest_count(inertia):
    assert find_knee(range(3, 3 + len(inertia)), inertia) == 3


@pytest.mark.parametrize("method", KMEANS)
def test_kmeans_on_real_frame_is_deterministic(real_grids, method):
    first, second = (cluster(real_grids[0], method, clustering__seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.scores, second.scores)
    labels = first.label_image((120, 160))
    area_ratios = np.bincount(labels.ravel())[1:] / labels.size
    assert (area_ratios > 0.005).sum() >= 2
