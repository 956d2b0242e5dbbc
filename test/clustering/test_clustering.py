import numpy as np
import pytest
import torch
from segmenters import cluster

from scenerep_ros.clustering.kmeans_methods import find_knee
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.config.validation import validated
from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import Features

KMEANS = ["kmeans", "kmeans_knee"]
ALL = [*KMEANS, "ncut", "agglomeration", "spectral"]


def features_of(grid):
    return Features(grid, grid.flatten(0, 1).mean(0))


def patches(count=4, h=12, w=16, noise=0.05):
    """Vertical stripes of one feature each."""
    generator = torch.Generator().manual_seed(0)
    kinds = torch.randn(count, 32, generator=generator)
    stripe = torch.arange(w) * count // w
    return kinds[stripe].expand(h, w, 32) + noise * torch.randn(h, w, 32, generator=generator)


@pytest.mark.parametrize("pca", [0, 5])
@pytest.mark.parametrize("method", ALL)
def test_stripes_are_found(method, pca):
    clusters = cluster(features_of(patches()), method, clustering__pca=pca, kmeans__clusters=4)
    regions = clusters.label_image((120, 160))
    assert clusters.background is None
    centers = regions[60, 20::40]
    assert len(set(centers.tolist())) == 4
    for i, label in enumerate(centers):
        assert (regions[:, 40 * i + 8 : 40 * i + 32] == label).all()


def test_length_does_not_tell_features_apart():
    grid = patches(2)
    brightness = torch.linspace(0.2, 5, 12)[:, None, None]
    clusters = cluster(features_of(grid * brightness), "kmeans", kmeans__clusters=2)
    regions = clusters.label_image((12, 16))
    assert (regions == regions[:1]).all()


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize("pca", [0, 3])
@pytest.mark.parametrize(
    "grid",
    [
        torch.ones(6, 7, 16),
        torch.zeros(6, 7, 16),
        torch.full((6, 7, 16), float("nan")),
        torch.full((6, 7, 16), float("inf")),
        torch.rand(1, 1, 16),
        torch.rand(1, 3, 16),
        torch.rand(5, 5, 1),
        torch.rand(6, 7, 16).half(),
    ],
    ids=["constant", "zero", "nan", "inf", "one cell", "three cells", "one channel", "half"],
)
def test_degenerate_grids_give_regions_all_the_same(grid, pca, method):
    clusters = cluster(features_of(grid), method, clustering__pca=pca, kmeans__clusters=8)
    assert torch.isfinite(clusters.scores).all()
    regions = clusters.label_image((24, 28))
    assert 1 <= regions.min() <= regions.max() <= len(clusters.scores)


def test_a_few_bad_cells_do_not_spoil_the_others():
    grid = patches()
    grid[0, 0] = float("nan")
    regions = cluster(features_of(grid), "kmeans", kmeans__clusters=5).label_image((12, 16))
    assert len({regions[6, u] for u in (1, 5, 9, 13)}) == 4


@pytest.mark.parametrize("given", [{"min_clusters": 12}, {"min_clusters": 5, "max_clusters": 5}])
def test_a_sweep_without_length_is_refused(given):
    with pytest.raises(ConfigError, match=r"option kmeans_knee.max_clusters.*min_clusters"):
        validated(PipelineConfig, {"kmeans_knee": given})


def test_the_knee_is_where_the_curve_bends():
    assert find_knee(range(2, 11), [100, 60, 30, 12, 10, 9, 8.5, 8, 7.8]) == 5


@pytest.mark.parametrize(
    "inertia",
    [[9.0, 8.0, 7.0, 6.0], [5.0] * 4, [0.0] * 4, [1.0, 2.0, 3.0, 4.0], [2.0, 1.0], [3.0]],
    ids=["straight", "flat", "zero", "rising", "two points", "one point"],
)
def test_a_curve_without_a_knee_asks_for_the_fewest_clusters(inertia):
    assert find_knee(range(3, 3 + len(inertia)), inertia) == 3


@pytest.mark.parametrize("method", KMEANS)
def test_real_frames_are_cut_the_same_way_twice(real_grids, method):
    first, second = (cluster(real_grids[0], method, clustering__seed=3) for _ in range(2))
    assert torch.equal(first.scores, second.scores)
    regions = first.label_image((480, 640)).numpy()
    shares = np.bincount(regions.ravel())[1:] / regions.size
    assert (shares > 0.005).sum() >= 2
