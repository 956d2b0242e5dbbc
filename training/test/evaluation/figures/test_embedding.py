from __future__ import annotations

import cv2
import numpy as np
import pytest
from scenerep_training.evaluation.figures.embedding import (
    mean_by_group,
    neighborhood_metrics,
    perplexity,
    plot_plane,
    principal_components,
    t_sne,
)
from sklearn.decomposition import PCA

RNG = np.random.default_rng(0)
GROUPS = [name for name in "abc" for _ in range(10)]
CLUSTERS = np.repeat(np.eye(3, 8), 10, axis=0) + 0.02 * RNG.normal(size=(30, 8))


def test_principal_components_equal_scikit_learn_up_to_sign():
    features = RNG.normal(size=(40, 7)) * np.arange(1, 8)
    points, share = principal_components(features)
    oracle = PCA(2).fit(features)
    np.testing.assert_allclose(np.abs(points), np.abs(oracle.transform(features)), atol=1e-9)
    assert share == pytest.approx(oracle.explained_variance_ratio_.sum())


@pytest.mark.parametrize("features", [np.ones((5, 3)), np.ones((2, 1))])
def test_principal_components_without_variance_are_zero(features):
    points, share = principal_components(features)
    np.testing.assert_allclose(points, 0, atol=1e-12)
    assert np.isnan(share)


def test_t_sne_separates_clusters_reproducibly():
    points = t_sne(CLUSTERS, seed=3)
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    is_same_group = np.equal.outer(GROUPS, GROUPS)
    np.fill_diagonal(distance, np.inf)
    assert is_same_group[np.arange(30), distance.argmin(axis=1)].all()
    np.testing.assert_array_equal(points, t_sne(CLUSTERS, seed=3))


@pytest.mark.parametrize("count", [4, 5, 20])
def test_t_sne_supports_few_samples(count):
    assert t_sne(RNG.normal(size=(count, 6)), seed=0).shape == (count, 2)
    assert perplexity(count) < count


def test_neighborhood_metrics_of_separate_clusters_are_high():
    values = neighborhood_metrics(CLUSTERS, GROUPS)
    assert values["same_group"].tolist() == [1.0] * 30
    assert values["silhouette"].min() > 0.9


def test_neighborhood_metrics_of_sample_in_other_cluster_are_low():
    features = np.array([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0], [0.3, 1.0]])
    values = neighborhood_metrics(features, ["a", "a", "b", "b", "a"])
    assert values["same_group"].tolist() == [1, 1, 1, 1, 0]
    assert values["silhouette"][4] < 0


@pytest.mark.parametrize("groups", ["aaaa", "abcd"])
def test_silhouette_of_one_group_or_single_samples_is_nan(groups):
    values = neighborhood_metrics(RNG.normal(size=(4, 3)), list(groups))
    assert np.isnan(values["silhouette"]).all()
    assert values["same_group"].mean() == (groups == "aaaa")


def test_mean_by_group_lists_groups_and_all():
    values = {"x": np.array([1.0, 3.0, 8.0])}
    assert mean_by_group(values, list("aab")) == {"a": {"x": 2}, "b": {"x": 8}, "all": {"x": 4}}
    assert mean_by_group(values, list("aaa")) == {"all": {"x": 4}}


@pytest.mark.parametrize("groups", [GROUPS, ["only"] * 30, [f"$g_{i}" for i in range(30)]])
def test_plot_plane_supports_few_one_and_many_groups(tmp_path, groups):
    path = tmp_path / "plots" / "plane.png"
    plot_plane(CLUSTERS[:, :2], groups, "a plane", path)
    picture = cv2.imread(str(path))
    assert picture.shape[0] > 500
    assert (picture[0, 0] == 255).all()
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 50
