"""The intervals against cases with a known answer."""

from __future__ import annotations

import numpy as np
import pytest
from scenerep_training.evaluation.report import bootstrap
from scenerep_training.evaluation.report.bootstrap import (
    LEVEL,
    MIN_UNITS,
    RESAMPLES,
    mean_intervals,
    resampled_means,
)
from scipy import stats

TRIALS = 1000


@pytest.fixture
def fewer_resamples(monkeypatch):
    monkeypatch.setattr(bootstrap, "RESAMPLES", 500)


def singles(count):
    return [str(index) for index in range(count)]


def coverage(draw, seed=0):
    """Share of the intervals of many data sets, whose true mean is 0, that hold it."""
    rng = np.random.default_rng(seed)
    held = 0
    for trial in range(TRIALS):
        values, units = draw(rng)
        low, high = mean_intervals(values[:, None], units, seed=trial)[0]
        held += low <= 0 <= high
    return held / TRIALS


@pytest.mark.parametrize("count", [MIN_UNITS, 12, 60])
def test_of_a_hundred_intervals_ninety_five_hold_the_true_mean(fewer_resamples, count):
    share = coverage(lambda rng: (rng.normal(size=count), singles(count)))
    assert share == pytest.approx(LEVEL, abs=0.03)


def sequences(rng, count=12, frames=20):
    """Frames that share most of their error with their sequence."""
    values = rng.normal(size=(count, 1)) + 0.3 * rng.normal(size=(count, frames))
    return values.ravel(), np.repeat(singles(count), frames).tolist()


def test_frames_of_a_sequence_are_drawn_together(fewer_resamples):
    assert coverage(sequences) == pytest.approx(LEVEL, abs=0.03)
    alone = coverage(lambda rng: (sequences(rng)[0], singles(240)))
    assert alone < 0.5


def test_it_is_the_t_interval_where_that_is_known_to_hold():
    values = np.random.default_rng(1).normal(3, 2, 400)
    low, high = mean_intervals(values[:, None], singles(400))[0]
    expected = stats.t.interval(LEVEL, 399, values.mean(), stats.sem(values))
    np.testing.assert_allclose([low, high], expected, atol=0.02)


def test_the_mean_over_samples_is_resampled_not_that_over_units():
    sums, counts = np.array([10.0, 1.0]), np.array([10.0, 2.0])
    means = resampled_means(sums, counts, np.random.default_rng(0))
    assert means.shape == (RESAMPLES,)
    values, shares = np.unique(means, return_counts=True)
    np.testing.assert_allclose(values, [0.5, 11 / 12, 1.0])
    np.testing.assert_allclose(shares / RESAMPLES, [0.25, 0.5, 0.25], atol=0.02)


def test_no_spread_gives_exactly_no_width():
    np.testing.assert_array_equal(mean_intervals(np.zeros((50, 2)), singles(50)), 0)


def test_a_seed_gives_the_same_interval_again():
    values = np.random.default_rng(2).normal(size=(30, 1))
    first, again, other = (mean_intervals(values, singles(30), seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_undefined_figures_are_left_out():
    values = np.random.default_rng(3).normal(size=(20, 1))
    holes = np.insert(values, [0, 7, 20], np.nan, axis=0)
    np.testing.assert_allclose(
        mean_intervals(holes, singles(23)), mean_intervals(values, singles(20)), atol=0.05
    )


def test_too_few_units_have_no_interval():
    values = np.ones((40, 1))
    assert np.isnan(mean_intervals(values, [str(i % 5) for i in range(40)])).all()
    assert (mean_intervals(values, [str(i % 6) for i in range(40)]) == 1).all()


def test_many_samples_are_drawn_in_blocks(monkeypatch):
    values = np.random.default_rng(4).normal(size=(50, 1))
    whole = mean_intervals(values, singles(50))
    monkeypatch.setattr(bootstrap, "_BLOCK", 3000)
    np.testing.assert_allclose(mean_intervals(values, singles(50)), whole, atol=0.03)
