from __future__ import annotations

import pytest

from scenerep_ros.ros.tools.settling import SessionProgress, SettlingDetector


def settles_after(published, *updates):
    """Return the number of updates after which the detector settles; None if it does not."""
    detector = SettlingDetector(published)
    for count, progress in enumerate(updates, start=1):
        detector.update(progress)
        if detector.is_settled:
            return count
    return None


def progress(received, segmented, dropped=0, **handled):
    return SessionProgress(received, segmented, dropped, handled)


def test_detector_without_status_is_not_settled():
    assert not SettlingDetector(published=0).is_settled


@pytest.mark.parametrize("handled", [{}, {"labels": 8}])
def test_detector_complete_counts_settle_with_first_repetition(handled):
    assert settles_after(8, *[progress(8, 8, **handled)] * 5) == 2


@pytest.mark.parametrize(
    "incomplete",
    [progress(7, 7), progress(8, 6, 2, labels=5), progress(0, 0)],
    ids=["frame lost", "labels lost", "all lost"],
)
def test_detector_incomplete_counts_need_more_repetitions(incomplete):
    assert settles_after(8, *[incomplete] * 5) == 4


def test_detector_waits_for_the_frame_in_progress():
    assert settles_after(8, *[progress(8, 7)] * 10) is None


def test_detector_progress_restarts_the_repetitions():
    late = [progress(7, 7)] * 3 + [progress(8, 7)] * 3 + [progress(8, 8)] * 2
    assert settles_after(8, *late) == 8


def test_detector_waits_for_outputs_to_be_handled():
    late = [progress(8, 8, labels=count) for count in (6, 7, 8, 8)]
    assert settles_after(8, *late) == 4
