from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scenerep_training.evaluation.label_propagation.propagation import (
    LabelPropagation,
    PropagationOptions,
    labels_to_grid,
    propagate_labels,
    scores_to_labels,
)


def unit_features(*shape, seed=0):
    torch.manual_seed(seed)
    return F.normalize(torch.randn(*shape), dim=-1)


def propagate_at_once(query, sources, labels, options):
    """Reference: all patches against all patches, as in DINO's published evaluation."""
    frames, height, width, channels = sources.shape
    patches = height * width
    affinity = torch.exp(
        query.reshape(patches, channels)
        @ sources.reshape(frames, patches, channels).mT
        / options.temperature
    )
    v, u = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    rows, columns = ((a.reshape(-1, 1) - a.reshape(1, -1)).abs() for a in (v, u))
    affinity *= (rows <= options.radius) & (columns <= options.radius)
    affinity = affinity.permute(0, 2, 1).reshape(-1, patches)
    threshold = affinity.topk(options.top_k, dim=0).values.min(dim=0).values
    affinity[affinity < threshold] = 0
    affinity /= affinity.sum(0, keepdim=True)
    return (labels.reshape(frames * patches, -1).T @ affinity).T.reshape(height, width, -1)


@pytest.mark.parametrize("shape", [(5, 7), (8, 8), (17, 30)])
@pytest.mark.parametrize("radius", [2, 12])
def test_propagate_labels_equals_published_evaluation(shape, radius):
    options = PropagationOptions(radius=radius)
    query, sources = unit_features(*shape, 16), unit_features(3, *shape, 16, seed=1)
    labels = torch.rand(3, *shape, 4)
    expected = propagate_at_once(query, sources, labels, options)
    torch.testing.assert_close(propagate_labels(query, sources, labels, options), expected)


@pytest.mark.slow
def test_propagate_labels_allocates_no_dense_affinity():
    """All pairs of 6,400 patches with 8 frames would take 1.3 GB."""
    query, sources = unit_features(80, 80, 4), unit_features(8, 80, 80, 4)
    labels = torch.rand(8, 80, 80, 2)
    with torch.profiler.profile(profile_memory=True) as profile:
        propagate_labels(query, sources, labels, PropagationOptions())
    largest = max(abs(event.self_cpu_memory_usage) for event in profile.events())
    assert largest < 50e6


def test_label_propagation_follows_moving_features():
    features = unit_features(6, 9, 32)
    labels = F.one_hot((torch.arange(9) > 4).long(), 2).float().expand(6, 9, 2)
    propagation = LabelPropagation(features, labels, PropagationOptions(top_k=1))
    moved = torch.roll(features, 2, dims=1)
    for _ in range(3):
        torch.testing.assert_close(propagation(moved), torch.roll(labels, 2, dims=1))


def test_label_propagation_ignores_features_beyond_radius():
    features = unit_features(4, 30, 32)
    labels = F.one_hot((torch.arange(30) < 2).long(), 2).float().expand(4, 30, 2)
    moved = torch.roll(features, 20, dims=1)
    narrow = LabelPropagation(features, labels, PropagationOptions(top_k=1, radius=12))(moved)
    wide = LabelPropagation(features, labels, PropagationOptions(top_k=1, radius=29))(moved)
    assert narrow[:, 20:22, 1].sum() == 0
    assert wide[:, 20:22, 1].sum() == 8


def test_label_propagation_keeps_first_and_context_frames():
    options = PropagationOptions(top_k=1, context=2)
    label = torch.tensor([[[0.0, 1.0]]])
    propagation = LabelPropagation(unit_features(1, 1, 8), label, options)
    for seed in range(1, 6):
        torch.testing.assert_close(propagation(unit_features(1, 1, 8, seed=seed)), label)


def test_label_propagation_scores_sum_to_one():
    labels = F.one_hot(torch.randint(3, (6, 6)), 3).float()
    scores = LabelPropagation(unit_features(6, 6, 8), labels)(unit_features(6, 6, 8, seed=2))
    torch.testing.assert_close(scores.sum(-1), torch.ones(6, 6))


def test_labels_to_grid_samples_patch_centers():
    labels = np.arange(16, dtype=np.uint16).reshape(4, 4)
    patches = labels_to_grid(labels, torch.zeros(2, 2, 1))
    assert patches.argmax(-1).tolist() == [[5, 7], [13, 15]]
    assert patches.sum(-1).tolist() == [[1, 1], [1, 1]]


def test_scores_to_labels_normalizes_each_label():
    """Label 1 never has the highest score, but its maximum is at the second patch."""
    scores = torch.tensor([[[0.9, 0.1], [0.6, 0.4]]])
    assert scores_to_labels(scores, (1, 2)).tolist() == [[0, 1]]


def test_scores_to_labels_ignores_absent_label():
    scores = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    assert scores_to_labels(scores, (1, 2)).tolist() == [[0, 1]]
