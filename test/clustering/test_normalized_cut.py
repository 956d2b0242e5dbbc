"""The normalised cut against LAPACK, scikit-learn and the definition."""

import numpy as np
import pytest
import scipy.linalg
import torch
from sklearn.cluster import SpectralClustering
from sklearn.metrics import adjusted_rand_score

from scenerep_ros.clustering.affinity import weigh
from scenerep_ros.clustering.normalized_cut import NormalizedCut, cut_costs, leading_vectors
from scenerep_ros.config.options import ClusteringOptions
from scenerep_ros.frames import Features


def normalized_cut(max_cost=0.1, max_clusters=10):
    return NormalizedCut(max_cost, max_clusters, ClusteringOptions())


def stripes(count, noise=0.3, shape=(9, 12)):
    generator = torch.Generator().manual_seed(count)
    kinds = torch.nn.functional.normalize(torch.randn(count, 32, generator=generator), dim=1)
    kind = (torch.arange(shape[1]) * count // shape[1]).expand(shape)
    return kinds[kind] + noise / 32**0.5 * torch.randn(*shape, 32, generator=generator), kind


def graph(count=2):
    grid, _ = stripes(count)
    return weigh(torch.nn.functional.normalize(grid.flatten(0, 1), dim=1))


def second_eigenvector(weights):
    """Solve (D - W) v = l D v in double precision; scaled by D^1/2, unit length."""
    degrees = weights.double().sum(1).numpy()
    laplacian = np.diag(degrees) - weights.double().numpy()
    _, vectors = scipy.linalg.eigh(laplacian, np.diag(degrees), subset_by_index=[1, 1])
    vector = vectors[:, 0] * np.sqrt(degrees)
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_eigenvector_equals_lapacks(count):
    weights = graph(count)
    found = leading_vectors(weights)[:, 0].double().numpy()
    assert abs(found @ second_eigenvector(weights)) > 0.999


def test_a_warm_start_changes_nothing_but_the_way():
    weights = graph()
    cold = leading_vectors(weights)
    warm = leading_vectors(weights, cold)
    assert abs(float(cold[:, 0] @ warm[:, 0])) > 0.999


def test_costs_equal_the_definition():
    weights = graph().double()
    costs = cut_costs(weights)
    for first in (1, 40, 90):
        cut = weights[:first, first:].sum()
        expected = cut / weights[:first].sum() + cut / weights[first:].sum()
        assert float(costs[first - 1]) == pytest.approx(float(expected))


@pytest.mark.parametrize("count", [2, 4])
def test_parts_equal_those_of_spectral_clustering(count):
    grid, _ = stripes(count)
    scores = normalized_cut()(Features(grid, grid.mean((0, 1)))).scores
    weights = weigh(torch.nn.functional.normalize(grid.flatten(0, 1), dim=1)).numpy()
    theirs = SpectralClustering(count, affinity="precomputed", random_state=0).fit_predict(weights)
    assert len(scores) == count
    assert adjusted_rand_score(theirs, scores.argmax(0).flatten().numpy()) == 1


@pytest.mark.parametrize(("threshold", "parts"), [(1e-6, 1), (1.0, 6)])
def test_threshold_and_limit_rule_the_number_of_parts(threshold, parts):
    grid, _ = stripes(6)
    cut = normalized_cut(max_cost=threshold, max_clusters=6)
    assert len(cut(Features(grid, grid.mean((0, 1)))).scores) == parts


def test_the_last_frame_does_not_rule_the_next():
    seen = normalized_cut()
    first, second = (Features(stripes(n)[0], torch.zeros(32)) for n in (4, 3))
    seen(first)
    expected = normalized_cut()(second).scores.argmax(0)
    found = seen(second).scores.argmax(0)
    assert adjusted_rand_score(expected.flatten().numpy(), found.flatten().numpy()) == 1
