"""Tests of the callbacks per optimizer step, with stubs of trainer and method."""

from __future__ import annotations

from types import SimpleNamespace

from scenerep_training.monitoring.step_callback import StepCallback


class StepRecorder(StepCallback):
    def __init__(self):
        self.calls = []

    def on_run_start(self, trainer, method):
        self.calls.append("start")

    def on_step_end(self, trainer, method, step):
        self.calls.append(step)

    def on_run_end(self, trainer, method):
        self.calls.append("end")


def run_batches(callback, steps_after_batch, first_step=0):
    """Call the hooks of a run whose trainer has made so many steps after each batch."""
    trainer = SimpleNamespace(global_step=first_step)
    callback.on_train_start(trainer, None)
    for index, step in enumerate(steps_after_batch):
        trainer.global_step = step
        callback.on_train_batch_end(trainer, None, None, None, index)
    callback.teardown(trainer, None, "fit")
    return callback.calls


def test_step_callback_is_called_once_per_step():
    assert run_batches(StepRecorder(), [1, 2, 3]) == ["start", 1, 2, 3, "end"]


def test_step_callback_with_accumulated_batches_waits_for_step():
    assert run_batches(StepRecorder(), [0, 1, 1, 2]) == ["start", 1, 2, "end"]


def test_step_callback_of_resumed_run_counts_on():
    assert run_batches(StepRecorder(), [7, 8], first_step=7) == ["start", 8, "end"]
