"""The guided filter against its definition, window by window."""

import numpy as np
import pytest
import torch

from scenerep_ros.ops import guided_filter as module


def guided_filter(guide, values, radius, epsilon):
    planes = torch.from_numpy(guide).permute(2, 0, 1)
    return module.guided_filter(planes, torch.from_numpy(values), radius, epsilon).numpy()


def direct(guide, values, radius, epsilon):
    """Equations 11, 13, 14 and 16 of the paper, one window at a time."""
    pad = ((radius, radius), (radius, radius))
    guide_in = np.pad(guide.astype(np.float64), (*pad, (0, 0)), "symmetric")
    values_in = np.pad(values.astype(np.float64), pad, "symmetric")
    lines = np.empty((*values.shape, 4))
    for v, u in np.ndindex(values.shape):
        window = np.s_[v : v + 2 * radius + 1, u : u + 2 * radius + 1]
        x, y = guide_in[window].reshape(-1, 3), values_in[window].ravel()
        spread = np.cov(x.T, bias=True) + epsilon * np.eye(3)
        slope = np.linalg.solve(spread, (x * y[:, None]).mean(0) - x.mean(0) * y.mean())
        lines[v, u] = *slope, y.mean() - slope @ x.mean(0)
    lines = np.pad(lines, (*pad, (0, 0)), "symmetric")
    answer = np.empty(values.shape)
    for v, u in np.ndindex(values.shape):
        mean = lines[v : v + 2 * radius + 1, u : u + 2 * radius + 1].mean(axis=(0, 1))
        answer[v, u] = mean[:3] @ guide[v, u] + mean[3]
    return answer


@pytest.mark.parametrize(("radius", "epsilon"), [(1, 1e-2), (2, 1e-3), (3, 1e-1)])
def test_equals_the_papers_equations(radius, epsilon):
    rng = np.random.default_rng(0)
    guide = rng.random((12, 15, 3), np.float32)
    values = rng.random((12, 15), np.float32)
    expected = direct(guide, values, radius, epsilon)
    np.testing.assert_allclose(guided_filter(guide, values, radius, epsilon), expected, atol=1e-3)


def test_moves_a_step_to_the_edge_of_the_guide():
    guide = np.zeros((40, 60, 3), np.float32)
    guide[:, 33:, 1] = 0.8
    values = np.zeros((40, 60), np.float32)
    values[:, 30:] = 1  # three pixels beside the edge
    found = guided_filter(guide, values, 8, 1e-4) > 0.5
    np.testing.assert_array_equal(found, np.broadcast_to(np.arange(60) >= 33, found.shape))


def test_values_may_be_coarser_than_the_guide():
    guide = np.zeros((40, 60, 3), np.float32)
    guide[:, 33:, 1] = 0.8  # between two columns of the coarse values
    values = np.zeros((20, 30), np.float32)
    values[:, 15:] = 1
    found = guided_filter(guide, values, 6, 1e-4) > 0.5
    np.testing.assert_array_equal(found, np.broadcast_to(np.arange(60) >= 33, found.shape))


def test_keeps_what_is_constant():
    guide = np.random.default_rng(1).random((20, 20, 3), np.float32)
    np.testing.assert_allclose(
        guided_filter(guide, np.full((20, 20), 0.7, np.float32), 4, 1e-4), 0.7, atol=1e-4
    )
