from __future__ import annotations

import threading

from scenerep_ros.ros.monitoring.counters import FrameCounters


def test_counters_without_frames_are_zero():
    counts = FrameCounters().snapshot()
    assert (counts.received, counts.segmented, counts.dropped) == (0, 0, {})
    assert (counts.rate, counts.mean_rate, counts.objects_per_frame) == (0, 0, 0)


def test_counters_of_several_threads_are_exact():
    counters = FrameCounters()

    def count_frames():
        for _ in range(1000):
            counters.count_received()
            counters.count_dropped("superseded")
            counters.count_received()
            counters.count_segmented({"backbone": 1.0}, objects=3)

    threads = [threading.Thread(target=count_frames) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts = counters.snapshot()
    assert counts.received == counts.segmented + counts.dropped["superseded"] == 8000
    assert counts.objects_per_frame == 3
    assert counts.rate > 0
    assert counts.mean_rate > 0


def test_counters_snapshot_ignores_later_frames():
    counters = FrameCounters()
    counters.count_dropped("no_depth")
    counts = counters.snapshot()
    counters.count_dropped("no_depth")
    counters.count_warning("no_camera_info")
    assert (counts.dropped, counts.warnings) == ({"no_depth": 1}, {})
