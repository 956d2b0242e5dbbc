from __future__ import annotations

import threading

from scenerep_ros.ros.monitoring import reporter
from scenerep_ros.ros.monitoring.counters import FrameCounters
from scenerep_ros.ros.monitoring.reporter import Reporter


def test_an_empty_account():
    counts = FrameCounters().counts()
    assert (counts.received, counts.segmented, counts.dropped) == (0, 0, {})
    assert (counts.rate, counts.mean_rate, counts.objects_per_frame) == (0, 0, 0)


def test_counts_are_exact_with_several_threads():
    counters = FrameCounters()

    def work():
        for _ in range(1000):
            counters.receive()
            counters.drop("superseded")
            counters.receive()
            counters.finish({"backbone": 1.0}, objects=3)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts = counters.counts()
    assert counts.received == counts.segmented + counts.dropped["superseded"] == 8000
    assert counts.objects_per_frame == 3
    assert counts.rate > 0
    assert counts.mean_rate > 0


def test_the_log_is_throttled_by_kind_and_the_count_is_not(monkeypatch):
    lines = []
    counters = FrameCounters()
    said = Reporter(counters, lines.append)
    for _ in range(3):
        said.drop("bad_image", "colour topic /c: encoding xyz")
        said.note("no_camera_info", "no message on /i")
        said.drop("superseded")
    assert lines == [
        "colour topic /c: encoding xyz (bad_image: 1 dropped)",
        "no message on /i (no_camera_info: 1 times)",
    ]
    assert counters.counts().dropped == {"bad_image": 3, "superseded": 3}
    assert counters.counts().noted == {"no_camera_info": 3}
    monkeypatch.setattr(reporter, "PERIOD", 0.0)
    said.drop("bad_image", "again")
    assert lines[-1] == "again (bad_image: 4 dropped)"


def test_what_the_synchroniser_drops_is_explained():
    lines = []
    said = Reporter(FrameCounters(), lines.append)
    said.drop("no_depth")
    assert "sync_slop" in lines[0]
