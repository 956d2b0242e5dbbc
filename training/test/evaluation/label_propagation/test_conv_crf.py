from __future__ import annotations

import torch
from scenerep_training.evaluation.label_propagation import conv_crf
from scenerep_training.evaluation.label_propagation.conv_crf import (
    COLOR_SIGMA,
    DILATION_PX,
    NEIGHBOR_RADIUS,
    PAIRWISE_WEIGHT,
    POSITION_SIGMA_PX,
    refine_labels,
)


def refine_by_loops(scores, color, steps):
    """Reference: the same mean-field inference, one pixel and one neighbor at a time."""
    _, height, width = scores.shape
    probabilities = scores.softmax(0)
    span = range(-NEIGHBOR_RADIUS * DILATION_PX, NEIGHBOR_RADIUS * DILATION_PX + 1, DILATION_PX)
    for _ in range(steps):
        messages = torch.zeros_like(scores)
        for v in range(height):
            for u in range(width):
                total = 0.0
                for y in span:
                    for x in span:
                        if y == x == 0:
                            continue
                        q, p = min(max(v + y, 0), height - 1), min(max(u + x, 0), width - 1)
                        color_distance = (color[:, v, u] - color[:, q, p]).square().sum()
                        weight = torch.exp(
                            -color_distance / (2 * COLOR_SIGMA**2)
                            - (y * y + x * x) / (2 * POSITION_SIGMA_PX**2)
                        )
                        total += weight
                        messages[:, v, u] += weight * probabilities[:, q, p]
                messages[:, v, u] /= max(total, 1e-3)
        probabilities = (scores + PAIRWISE_WEIGHT * messages).softmax(0)
    return probabilities


def test_refine_labels_equals_mean_field_by_loops(monkeypatch):
    torch.manual_seed(0)
    scores, color = torch.randn(3, 9, 11), 15 * torch.rand(3, 9, 11)
    monkeypatch.setattr(conv_crf, "MEAN_FIELD_STEPS", 2)
    torch.testing.assert_close(refine_labels(scores, color), refine_by_loops(scores, color, 2))


def test_refine_labels_moves_borders_to_color_edges():
    """The scores are undecided around column 30, where the color changes."""
    color = torch.zeros(3, 40, 60)
    color[0, :, 30:] = 60
    scores = torch.zeros(2, 40, 60)
    scores[0, :, :24], scores[1, :, 24:] = 0.5, 0.5
    scores[1, :, 36:], scores[0, :, :18] = 3.0, 3.0
    labels = refine_labels(scores, color).argmax(0)
    assert labels[20].tolist() == [0] * 30 + [1] * 30
