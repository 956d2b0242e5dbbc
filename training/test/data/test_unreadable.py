"""Tests of the counter of unreadable frames."""

from __future__ import annotations

import pytest
from scenerep_training.data.unreadable import MIN_REQUESTED_FRAMES, UnreadableFrameCounter

from scenerep_ros.errors import FrameError, SourceError

ERROR = FrameError("a.png: damaged")


def test_counter_counts_requests_and_failures():
    counter = UnreadableFrameCounter(max_ratio=0.5, workers=0)
    counter.count_requests(2)
    counter.record_failure("sequence", ERROR)
    assert (counter.requested, counter.unreadable) == (2, 1)


def test_counter_below_min_requests_does_not_raise():
    counter = UnreadableFrameCounter(max_ratio=0.0, workers=0)
    counter.count_requests(MIN_REQUESTED_FRAMES - 1)
    counter.record_failure("sequence", ERROR)
    assert counter.unreadable == 1


def test_counter_above_max_ratio_raises_with_both_numbers():
    counter = UnreadableFrameCounter(max_ratio=0.01, workers=0)
    counter.count_requests(MIN_REQUESTED_FRAMES)
    counter.record_failure("sequence", ERROR)
    with pytest.raises(SourceError, match=r"2 of 100 requested frames .*a\.png"):
        counter.record_failure("sequence", ERROR)
