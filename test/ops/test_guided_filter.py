"""The guided filter compared with the equations of the paper."""

import numpy as np
import pytest

from scenerep_ros.ops import guided_filter as module


def apply_filter(guide, values, radius, epsilon):
    return module.guided_filter(guide.transpose(2, 0, 1), values, radius, epsilon)


def reference_filter(guide, values, radius, epsilon):
    """Equations 11, 13, 14 and 16 of the paper, one window at a time."""
    pad = ((radius, radius), (radius, radius))
    padded_guide = np.pad(guide.astype(np.float64), (*pad, (0, 0)), "symmetric")
    padded_values = np.pad(values.astype(np.float64), pad, "symmetric")
    coefficients = np.empty((*values.shape, 4))
    for v, u in np.ndindex(values.shape):
        window = np.s_[v : v + 2 * radius + 1, u : u + 2 * radius + 1]
        x, y = padded_guide[window].reshape(-1, 3), padded_values[window].ravel()
        covariance = np.cov(x.T, bias=True) + epsilon * np.eye(3)
        slope = np.linalg.solve(covariance, (x * y[:, None]).mean(0) - x.mean(0) * y.mean())
        coefficients[v, u] = *slope, y.mean() - slope @ x.mean(0)
    coefficients = np.pad(coefficients, (*pad, (0, 0)), "symmetric")
    result = np.empty(values.shape)
    for v, u in np.ndindex(values.shape):
        window = np.s_[v : v + 2 * radius + 1, u : u + 2 * radius + 1]
        mean = coefficients[window].mean(axis=(0, 1))
        result[v, u] = mean[:3] @ guide[v, u] + mean[3]
    return result


@pytest.mark.parametrize(("radius", "epsilon"), [(1, 1e-2), (2, 1e-3), (3, 1e-1)])
def test_guided_filter_equals_the_equations_of_the_paper(radius, epsilon):
    rng = np.random.default_rng(0)
    guide = rng.random((12, 15, 3), np.float32)
    values = rng.random((12, 15), np.float32)
    expected = reference_filter(guide, values, radius, epsilon)
    np.testing.assert_allclose(apply_filter(guide, values, radius, epsilon), expected, atol=1e-3)


def test_guided_filter_aligns_a_step_with_the_guide():
    guide = np.zeros((40, 60, 3), np.float32)
    guide[:, 33:, 1] = 0.8
    values = np.zeros((40, 60), np.float32)
    values[:, 30:] = 1  # three pixels beside the edge
    mask = apply_filter(guide, values, 8, 1e-4) > 0.5
    np.testing.assert_array_equal(mask, np.broadcast_to(np.arange(60) >= 33, mask.shape))


def test_guided_filter_accepts_values_coarser_than_the_guide():
    guide = np.zeros((40, 60, 3), np.float32)
    guide[:, 33:, 1] = 0.8  # between two columns of the coarse values
    values = np.zeros((20, 30), np.float32)
    values[:, 15:] = 1
    mask = apply_filter(guide, values, 6, 1e-4) > 0.5
    np.testing.assert_array_equal(mask, np.broadcast_to(np.arange(60) >= 33, mask.shape))


def test_guided_filter_preserves_constant_values():
    guide = np.random.default_rng(1).random((20, 20, 3), np.float32)
    result = apply_filter(guide, np.full((20, 20), 0.7, np.float32), 4, 1e-4)
    np.testing.assert_allclose(result, 0.7, atol=1e-4)
