from typing import get_args

import numpy as np
import pytest
import torch

from scenerep_ros.clustering.knee_kmeans import knee
from scenerep_ros.clustering.registry import METHODS, make_clustering
from scenerep_ros.config.options import Method, PipelineConfig, SegmentationOptions
from scenerep_ros.config.validation import validated
from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import Features
from scenerep_ros.ops.upsample import cluster_regions

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


def test_every_method_of_the_config_is_registered():
    assert set(METHODS) == set(get_args(Method))


@pytest.mark.parametrize("pca", [0, 5])
@pytest.mark.parametrize("method", ALL)
def test_stripes_are_found(method, pca):
    options = SegmentationOptions(method=method, clusters=4, pca=pca)
    clusters = make_clustering(options)(features_of(patches()))
    regions = cluster_regions(clusters, (120, 160))
    assert clusters.background is None
    centers = regions[60, 20::40]
    assert len(set(centers.tolist())) == 4
    for i, label in enumerate(centers):
        assert (regions[:, 40 * i + 8 : 40 * i + 32] == label).all()


def test_length_does_not_tell_features_apart():
    grid = patches(2)
    brightness = torch.linspace(0.2, 5, 12)[:, None, None]
    method = make_clustering(SegmentationOptions(method="kmeans", clusters=2))
    regions = cluster_regions(method(features_of(grid * brightness)), (12, 16))
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
    options = SegmentationOptions(method=method, clusters=8, pca=pca)
    clusters = make_clustering(options)(features_of(grid))
    assert torch.isfinite(clusters.scores).all()
    regions = cluster_regions(clusters, (24, 28))
    assert 1 <= regions.min() <= regions.max() <= len(clusters.scores)


def test_a_few_bad_cells_do_not_spoil_the_others():
    grid = patches()
    grid[0, 0] = float("nan")
    options = SegmentationOptions(method="kmeans", clusters=5)
    regions = cluster_regions(make_clustering(options)(features_of(grid)), (12, 16))
    assert len({regions[6, u] for u in (1, 5, 9, 13)}) == 4


@pytest.mark.parametrize("given", [{"min_clusters": 12}, {"min_clusters": 5, "max_clusters": 5}])
def test_a_sweep_without_length_is_refused(given):
    with pytest.raises(ConfigError, match=r"option max_clusters.*min_clusters"):
        validated(PipelineConfig, given)


def test_the_knee_is_where_the_curve_bends():
    assert knee(range(2, 11), [100, 60, 30, 12, 10, 9, 8.5, 8, 7.8]) == 5


@pytest.mark.parametrize(
    "inertia",
    [[9.0, 8.0, 7.0, 6.0], [5.0] * 4, [0.0] * 4, [1.0, 2.0, 3.0, 4.0], [2.0, 1.0], [3.0]],
    ids=["straight", "flat", "zero", "rising", "two points", "one point"],
)
def test_a_curve_without_a_knee_asks_for_the_fewest_clusters(inertia):
    assert knee(range(3, 3 + len(inertia)), inertia) == 3


@pytest.mark.parametrize("method", KMEANS)
def test_real_frames_are_cut_the_same_way_twice(real_grids, method):
    options = SegmentationOptions(method=method, seed=3)
    first, second = (make_clustering(options)(real_grids[0]) for _ in range(2))
    assert torch.equal(first.scores, second.scores)
    regions = cluster_regions(first, (480, 640)).numpy()
    shares = np.bincount(regions.ravel())[1:] / regions.size
    assert (shares > 0.005).sum() >= 2
