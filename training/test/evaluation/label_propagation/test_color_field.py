from __future__ import annotations

import torch
from scenerep_training.evaluation.label_propagation.color_field import (
    COLOR,
    PLACE,
    REACH,
    STEP,
    STRENGTH,
    refine,
)


def refined_by_loops(scores, color, steps):
    """The same mean field, a pixel and a neighbour at a time."""
    _, height, width = scores.shape
    probable = scores.softmax(0)
    span = range(-REACH * STEP, REACH * STEP + 1, STEP)
    for _ in range(steps):
        votes = torch.zeros_like(scores)
        for v in range(height):
            for u in range(width):
                total = 0.0
                for y in span:
                    for x in span:
                        if y == x == 0:
                            continue
                        q, p = min(max(v + y, 0), height - 1), min(max(u + x, 0), width - 1)
                        unlike = (color[:, v, u] - color[:, q, p]).square().sum()
                        weight = torch.exp(
                            -unlike / (2 * COLOR**2) - (y * y + x * x) / (2 * PLACE**2)
                        )
                        total += weight
                        votes[:, v, u] += weight * probable[:, q, p]
                votes[:, v, u] /= max(total, 1e-3)
        probable = (scores + STRENGTH * votes).softmax(0)
    return probable


def test_it_equals_mean_field_by_loops(monkeypatch):
    torch.manual_seed(0)
    scores, color = torch.randn(3, 9, 11), 15 * torch.rand(3, 9, 11)
    monkeypatch.setattr("scenerep_training.evaluation.label_propagation.color_field.STEPS", 2)
    torch.testing.assert_close(refine(scores, color), refined_by_loops(scores, color, 2))


def test_borders_move_to_those_of_colour():
    color = torch.zeros(3, 40, 60)
    color[0, :, 30:] = 60
    scores = torch.zeros(2, 40, 60)
    scores[0, :, :24], scores[1, :, 24:] = 0.5, 0.5
    scores[1, :, 36:], scores[0, :, :18] = 3.0, 3.0
    found = refine(scores, color).argmax(0)
    assert found[20].tolist() == [0] * 30 + [1] * 30
