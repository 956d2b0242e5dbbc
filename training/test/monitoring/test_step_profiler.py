"""Tests of the step profiler with a simulated clock."""

from __future__ import annotations

import pytest
import torch
from scenerep_training.monitoring.step_profiler import WARM_UP_BATCHES, StepProfiler
from torch import nn

SECONDS = {"data": 1.0, "forward": 4.0, "loss": 1.0, "backward": 3.0, "optimizer": 1.0}


class Module(nn.Module):
    """Method stub whose only child is a network."""

    device = torch.device("cpu")

    def __init__(self, on_forward):
        super().__init__()
        self.network = nn.Identity()
        self.network.register_forward_hook(lambda *_: on_forward())


@pytest.fixture
def profiler(monkeypatch):
    """Profiler of ten batches after the warm-up, in which each part takes its SECONDS."""
    now = [0.0]

    def wait(part):
        now[0] += SECONDS[part]

    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    module, profiler = Module(lambda: wait("forward")), StepProfiler()
    profiler.on_train_start(None, module)
    for _ in range(WARM_UP_BATCHES + 10):
        wait("data")
        profiler.on_train_batch_start()
        module.network(torch.zeros(1))
        wait("loss")
        profiler.on_before_backward()
        wait("backward")
        profiler.on_after_backward()
        wait("optimizer")
        profiler.on_train_batch_end()
        now[0] += 100.0  # other callbacks
        profiler.final_callback.on_train_batch_end(None, module, None, None, 0)
    return profiler


def test_profiler_measures_each_part_after_warm_up(profiler):
    assert dict(profiler.seconds) == {part: 10 * seconds for part, seconds in SECONDS.items()}


def test_profiler_shares_are_ratios_of_total_time(profiler):
    assert profiler.shares()["forward"] == pytest.approx(0.4)
    assert sum(profiler.shares().values()) == pytest.approx(1.0)


def test_profiler_report_lists_time_per_batch(profiler):
    report = profiler.report()
    assert "forward       4000.0 ms   40.0%" in report
    assert report.endswith("outside forward and backward: 30.0%")
