"""Tests of the scores of features on patches."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scenerep_training.agreement.patches import matching, patch_labels, separation
from scenerep_training.evaluation.label_propagation.warping import NearestBackwardWarp
from torch.nn.functional import one_hot

GRID = (6, 8)


def identity_warp(shape, shift=0):
    """Warp to the pixel `shift` columns to the right."""
    rows, columns = np.indices(shape)
    is_inside = columns + shift < shape[1]
    return NearestBackwardWarp(rows, np.where(is_inside, columns + shift, 0), is_inside, False)


def test_patch_labels_ignore_mixed_patches():
    reference = np.zeros((60, 80), np.int32)
    reference[:, :45] = 1
    labels = patch_labels(reference, GRID)
    assert (labels[:, :4] == 1).all()
    assert (labels[:, 4] == -1).all()
    assert (labels[:, 5:] == 0).all()


@pytest.mark.parametrize(("features", "expected"), [("objects", 1.0), ("constant", 0.5)])
def test_separation_is_area_under_curve(features, expected):
    labels = np.zeros(GRID, np.int32)
    labels[:3, :4], labels[3:, 4:] = 1, 2
    points = one_hot(torch.from_numpy(labels.ravel()).long(), 3).float()
    if features == "constant":
        points = torch.ones_like(points) / 3**0.5
    assert separation(points, labels) == pytest.approx(expected)


def test_separation_without_object_is_undefined():
    assert np.isnan(separation(torch.ones(48, 3), np.zeros(GRID, np.int32)))


def test_matching_follows_warp():
    points = torch.eye(48)
    shape = (60, 80)
    assert matching((points, points), identity_warp(shape), GRID) == 1.0
    assert matching((points, points), identity_warp(shape, shift=30), GRID) == 0.0
    constant = torch.ones(48, 4)
    assert matching((constant, constant), identity_warp(shape), GRID) < 0.2
