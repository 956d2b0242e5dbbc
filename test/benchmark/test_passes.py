"""Interleaved measurement."""

import contextlib
import threading

import numpy as np
import pytest

from scenerep_ros.benchmark.load import burning_cores
from scenerep_ros.benchmark.passes import measure_interleaved
from scenerep_ros.benchmark.yardsticks import yardsticks
from scenerep_ros.frames import RGBDFrame


def frames(count):
    return [RGBDFrame(np.zeros((48, 64, 3), np.uint8), name=str(index)) for index in range(count)]


def test_measure_interleaved_alternates_candidates_on_each_frame():
    calls = []
    candidates = {name: lambda frame, name=name: calls.append(name + frame.name) for name in "ab"}
    times = measure_interleaved(candidates, frames(2), rounds=3)
    assert calls[2:] == ["a0", "b0", "a1", "b1", "a0", "b0"]
    assert [len(times[name].wall_ms) for name in "ab"] == [3, 3]


def test_summary_separates_waiting_from_computing():
    event = threading.Event()
    times = measure_interleaved({"wait": lambda _: event.wait(0.02)}, frames(1), rounds=2)
    summary = times["wait"].summary()
    assert summary["min"] >= 20
    assert summary["cpu"] < summary["min"]


@pytest.mark.parametrize("name", yardsticks())
def test_yardstick_computes_a_result_from_its_second_frame(name):
    work = yardsticks()[name]
    _, result = (work(frame) for frame in frames(2))
    assert result is not None


def test_burning_cores_ends_its_processes_after_an_error():
    with contextlib.suppress(RuntimeError), burning_cores(2) as processes:
        assert [process.poll() for process in processes] == [None, None]
        raise RuntimeError
    assert all(process.poll() is not None for process in processes)
