from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from scenerep_training.evaluation.label_propagation.propagation import (
    LabelPropagation,
    PropagationOptions,
    propagate,
)


def unit(*shape, seed=0):
    torch.manual_seed(seed)
    return F.normalize(torch.randn(*shape), dim=-1)


def propagate_at_once(query, sources, labels, options):
    """All cells against all cells, as the published evaluation of DINO does it."""
    frames, height, width, channels = sources.shape
    cells = height * width
    affinity = torch.exp(
        query.reshape(cells, channels)
        @ sources.reshape(frames, cells, channels).mT
        / options.temperature
    )
    v, u = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    rows, columns = ((a.reshape(-1, 1) - a.reshape(1, -1)).abs() for a in (v, u))
    affinity *= (rows <= options.radius) & (columns <= options.radius)
    affinity = affinity.permute(0, 2, 1).reshape(-1, cells)
    least = affinity.topk(options.topk, dim=0).values.min(dim=0).values
    affinity[affinity < least] = 0
    affinity /= affinity.sum(0, keepdim=True)
    return (labels.reshape(frames * cells, -1).T @ affinity).T.reshape(height, width, -1)


@pytest.mark.parametrize("shape", [(5, 7), (8, 8), (17, 30)])
@pytest.mark.parametrize("radius", [2, 12])
def test_it_equals_the_published_way_that_compares_all_with_all(shape, radius):
    options = PropagationOptions(radius=radius)
    query, sources = unit(*shape, 16), unit(3, *shape, 16, seed=1)
    labels = torch.rand(3, *shape, 4)
    expected = propagate_at_once(query, sources, labels, options)
    torch.testing.assert_close(propagate(query, sources, labels, options), expected)


def test_no_tensor_grows_with_the_square_of_the_grid():
    """Of a grid of 6,400 cells all pairs with 8 frames would be 1.3 GB."""
    query, sources = unit(80, 80, 4), unit(8, 80, 80, 4)
    labels = torch.rand(8, 80, 80, 2)
    with torch.profiler.profile(profile_memory=True) as profile:
        propagate(query, sources, labels, PropagationOptions())
    largest = max(abs(event.self_cpu_memory_usage) for event in profile.events())
    assert largest < 50e6


def test_a_label_follows_its_feature():
    features = unit(6, 9, 32)
    labels = F.one_hot((torch.arange(9) > 4).long(), 2).float().expand(6, 9, 2)
    carry = LabelPropagation(features, labels, PropagationOptions(topk=1))
    moved = torch.roll(features, 2, dims=1)
    for _ in range(3):
        torch.testing.assert_close(carry(moved), torch.roll(labels, 2, dims=1))


def test_a_feature_that_moved_out_of_the_neighbourhood_is_not_found():
    features = unit(4, 30, 32)
    labels = F.one_hot((torch.arange(30) < 2).long(), 2).float().expand(4, 30, 2)
    far = torch.roll(features, 20, dims=1)
    near = LabelPropagation(features, labels, PropagationOptions(topk=1, radius=12))(far)
    wide = LabelPropagation(features, labels, PropagationOptions(topk=1, radius=29))(far)
    assert near[:, 20:22, 1].sum() == 0
    assert wide[:, 20:22, 1].sum() == 8


def test_the_first_frame_and_the_last_few_are_remembered():
    options = PropagationOptions(topk=1, context=2)
    marked = torch.tensor([[[0.0, 1.0]]])
    carry = LabelPropagation(unit(1, 1, 8), marked, options)
    for seed in range(1, 6):
        torch.testing.assert_close(carry(unit(1, 1, 8, seed=seed)), marked)


def test_scores_sum_to_one():
    carry = LabelPropagation(unit(6, 6, 8), F.one_hot(torch.randint(3, (6, 6)), 3).float())
    torch.testing.assert_close(carry(unit(6, 6, 8, seed=2)).sum(-1), torch.ones(6, 6))
