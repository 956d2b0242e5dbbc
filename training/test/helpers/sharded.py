"""Comparison of recordings in shards with the recordings that they were written from."""

from __future__ import annotations

import numpy as np


def assert_equal_frames(actual, expected, stride=1):
    """Check that name, rate and every `stride`-th frame of two recordings are equal."""
    assert (actual.name, actual.rate, len(actual)) == (expected.name, expected.rate, len(expected))
    for index in range(0, len(expected), stride):
        one, other = actual[index], expected[index]
        assert (one.name, one.stamp_ns) == (other.name, other.stamp_ns)
        assert one.intrinsics == other.intrinsics
        for name in ("color", "depth", "pose"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        np.testing.assert_array_equal(actual.ground_truth(index), expected.ground_truth(index))
