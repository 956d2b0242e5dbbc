"""Samples of the regions of a label image, and sums over them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.ops.region_samples import CONSTANTS, RegionSamples
from scenerep_ros.ops.regions import connected_regions, filter_labels


def random_regions(seed):
    return connected_regions(np.random.default_rng(seed).random((12, 15)) < 0.6)


@given(st.integers(0, 10**6))
def test_region_samples_are_all_pixels_of_small_regions(seed):
    labels = random_regions(seed)
    samples = RegionSamples.of(labels)
    assert samples.count == labels.max()
    for label, pixels in enumerate(np.split(samples.pixels, samples.starts[1:]), 1):
        np.testing.assert_array_equal(pixels, np.flatnonzero(labels == label))


def test_region_samples_of_large_regions_are_evenly_spaced():
    samples = RegionSamples.of(np.ones((100, 100), np.int32))
    assert CONSTANTS.max_samples <= len(samples.pixels) < 2 * CONSTANTS.max_samples
    assert len(np.unique(np.diff(samples.pixels))) == 1


def test_region_samples_without_regions_are_empty():
    samples = RegionSamples.of(np.zeros((4, 5), np.int32))
    assert samples.count == 0
    assert not samples.pixels.size


@given(st.integers(0, 10**6))
def test_selected_samples_equal_those_of_filtered_labels(seed):
    labels = random_regions(seed)
    samples = RegionSamples.of(labels)
    keep = np.random.default_rng(seed).random(samples.count) < 0.5
    selected = samples.select(keep)
    expected = RegionSamples.of(filter_labels(labels, np.r_[False, keep]))
    np.testing.assert_array_equal(selected.pixels, expected.pixels)
    np.testing.assert_array_equal(selected.counts, expected.counts)


@given(st.integers(0, 10**6))
def test_sums_and_means_equal_those_of_each_region(seed):
    labels = random_regions(seed)
    samples = RegionSamples.of(labels)
    values = np.random.default_rng(seed).random((labels.size, 2))
    regions = [values[labels.ravel() == label] for label in range(1, samples.count + 1)]
    sampled = values[samples.pixels]
    np.testing.assert_allclose(samples.sums(sampled), [region.sum(axis=0) for region in regions])
    np.testing.assert_allclose(samples.means(sampled), [region.mean(axis=0) for region in regions])


@pytest.mark.parametrize("fraction", [0.0, 0.02, 0.5, 0.98, 1.0])
def test_interpolated_quantiles_equal_those_of_numpy(fraction):
    labels = random_regions(3)
    samples = RegionSamples.of(labels)
    values = np.random.default_rng(0).random(len(samples.pixels))
    ordered = values[np.lexsort((values, samples.index))]
    expected = [
        np.quantile(values[samples.index == index], fraction) for index in range(samples.count)
    ]
    np.testing.assert_allclose(samples.interpolate(ordered, fraction), expected)


@given(st.integers(0, 10**6))
def test_sorted_values_equal_those_of_lexsort(seed):
    samples = RegionSamples.of(random_regions(seed))
    rng = np.random.default_rng(seed)
    values = (rng.standard_normal(len(samples.pixels)) * 10.0 ** rng.integers(-30, 30)).astype("f4")
    values[::7] = 0
    expected = values[np.lexsort((values, samples.index))]
    np.testing.assert_array_equal(samples.sort(values), expected)
