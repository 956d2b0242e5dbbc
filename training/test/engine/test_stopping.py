"""Tests of the graceful stop on signals."""

from __future__ import annotations

import os
import signal
from types import SimpleNamespace

import pytest
from scenerep_training.engine.stopping import StopOnSignal


@pytest.fixture
def trainer():
    return SimpleNamespace(world_size=1, should_stop=False)


@pytest.fixture
def callback(trainer):
    callback = StopOnSignal()
    callback.on_run_start(trainer, None)
    yield callback
    callback.on_run_end(trainer, None)


def test_step_without_signal_continues(callback, trainer):
    callback.on_step_end(trainer, None, 1)
    assert not trainer.should_stop


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_stops_run_after_step(callback, trainer, number):
    os.kill(os.getpid(), number)
    assert not trainer.should_stop
    callback.on_step_end(trainer, None, 1)
    assert trainer.should_stop
    assert callback.received == number


def test_second_signal_stops_at_once(callback):
    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGTERM)


def test_end_of_run_restores_handlers(trainer):
    before = signal.getsignal(signal.SIGTERM)
    callback = StopOnSignal()
    callback.on_run_start(trainer, None)
    assert signal.getsignal(signal.SIGTERM) != before
    callback.on_run_end(trainer, None)
    assert signal.getsignal(signal.SIGTERM) == before
