from __future__ import annotations

import time

from scenerep_ros.stopwatch import Stopwatch


def test_stages_keep_their_order_and_add_up_when_met_twice():
    watch = Stopwatch()
    for stage in ("backbone", "cut", "backbone"):
        with watch(stage):
            time.sleep(0.002)
    assert list(watch.timings) == ["backbone", "cut"]
    assert watch.timings["backbone"] >= 4.0
