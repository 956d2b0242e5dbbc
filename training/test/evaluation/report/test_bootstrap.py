"""Bootstrap intervals in cases with a known result."""

from __future__ import annotations

import numpy as np
import pytest
from scenerep_training.evaluation.report import bootstrap
from scenerep_training.evaluation.report.bootstrap import (
    LEVEL,
    MIN_UNITS,
    RESAMPLES,
    mean_intervals,
    resample_means,
)
from scipy import stats

TRIALS = 1000


@pytest.fixture
def fewer_resamples(monkeypatch):
    monkeypatch.setattr(bootstrap, "RESAMPLES", 500)


def unit_names(count):
    return [str(index) for index in range(count)]


def coverage(draw, seed=0):
    """Return the share of intervals that contain the true mean 0, over many data sets."""
    rng = np.random.default_rng(seed)
    hits = 0
    for trial in range(TRIALS):
        values, units = draw(rng)
        low, high = mean_intervals(values[:, None], units, seed=trial)[0]
        hits += low <= 0 <= high
    return hits / TRIALS


@pytest.mark.slow
@pytest.mark.parametrize("count", [MIN_UNITS, 12, 60])
def test_mean_intervals_have_nominal_coverage(fewer_resamples, count):
    share = coverage(lambda rng: (rng.normal(size=count), unit_names(count)))
    assert share == pytest.approx(LEVEL, abs=0.03)


def draw_sequences(rng, count=12, frames=20):
    """Draw frames that share most of their error with their sequence."""
    values = rng.normal(size=(count, 1)) + 0.3 * rng.normal(size=(count, frames))
    return values.ravel(), np.repeat(unit_names(count), frames).tolist()


@pytest.mark.slow
def test_mean_intervals_of_correlated_frames_need_sequences_as_units(fewer_resamples):
    assert coverage(draw_sequences) == pytest.approx(LEVEL, abs=0.03)
    independent = coverage(lambda rng: (draw_sequences(rng)[0], unit_names(240)))
    assert independent < 0.5


def test_mean_intervals_of_normal_values_equal_t_interval():
    values = np.random.default_rng(1).normal(3, 2, 400)
    low, high = mean_intervals(values[:, None], unit_names(400))[0]
    expected = stats.t.interval(LEVEL, 399, values.mean(), stats.sem(values))
    np.testing.assert_allclose([low, high], expected, atol=0.02)


def test_resample_means_average_over_samples_not_units():
    sums, counts = np.array([10.0, 1.0]), np.array([10.0, 2.0])
    means = resample_means(sums, counts, np.random.default_rng(0))
    assert means.shape == (RESAMPLES,)
    values, shares = np.unique(means, return_counts=True)
    np.testing.assert_allclose(values, [0.5, 11 / 12, 1.0])
    np.testing.assert_allclose(shares / RESAMPLES, [0.25, 0.5, 0.25], atol=0.02)


def test_mean_intervals_without_variance_have_zero_width():
    np.testing.assert_array_equal(mean_intervals(np.zeros((50, 2)), unit_names(50)), 0)


def test_mean_intervals_are_reproducible_by_seed():
    values = np.random.default_rng(2).normal(size=(30, 1))
    first, second, other = (mean_intervals(values, unit_names(30), seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


def test_mean_intervals_ignore_undefined_values():
    values = np.random.default_rng(3).normal(size=(20, 1))
    with_nan = np.insert(values, [0, 7, 20], np.nan, axis=0)
    np.testing.assert_allclose(
        mean_intervals(with_nan, unit_names(23)), mean_intervals(values, unit_names(20)), atol=0.05
    )


def test_mean_intervals_of_too_few_units_are_nan():
    values = np.ones((40, 1))
    assert np.isnan(mean_intervals(values, [str(i % 5) for i in range(40)])).all()
    assert (mean_intervals(values, [str(i % 6) for i in range(40)]) == 1).all()


def test_mean_intervals_in_blocks_equal_single_block(monkeypatch):
    values = np.random.default_rng(4).normal(size=(50, 1))
    single = mean_intervals(values, unit_names(50))
    monkeypatch.setattr(bootstrap, "_BLOCK_SIZE", 3000)
    np.testing.assert_allclose(mean_intervals(values, unit_names(50)), single, atol=0.03)
