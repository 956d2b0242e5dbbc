"""Median and robust standard deviation."""

import numpy as np
import pytest

from scenerep_ros.ops.robust_deviation import median, robust_deviation


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1,), (2,), (7,), (1000,), (5, 64), (4, 3, 9)])
def test_median_equals_numpy(shape, dtype):
    values = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    expected = np.median(values, axis=-1)
    np.testing.assert_array_equal(median(values), expected)
    assert median(values).dtype == expected.dtype


def test_robust_deviation_of_normal_residuals_is_theirs():
    residuals = 0.3 * np.random.default_rng(0).standard_normal((100, 200)).astype(np.float32)
    residuals[:5] = 50  # outliers
    assert robust_deviation(residuals) == pytest.approx(0.3, rel=0.1)
    assert robust_deviation(residuals[:0]) == 0
