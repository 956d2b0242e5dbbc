"""Tests of the progress bar."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from scenerep_training.methods.base import StepOutput
from scenerep_training.monitoring.progress_bar import TrainingProgressBar


@pytest.fixture
def method():
    return SimpleNamespace(
        options=SimpleNamespace(batch_size=4, max_steps=10),
        last_output=StepOutput(torch.tensor(1.5), torch.zeros(4, 2)),
    )


@pytest.mark.parametrize("is_first_process", [True, False])
def test_progress_bar_is_shown_by_first_process_only(method, capsys, is_first_process):
    trainer = SimpleNamespace(global_step=5, is_global_zero=is_first_process)
    bar = TrainingProgressBar("dino")
    bar.on_run_start(trainer, method)
    bar.on_step_end(trainer, method, 6)
    bar.on_run_end(trainer, method)
    text = capsys.readouterr().err
    if is_first_process:
        assert "dino:  60%" in text
        assert "48.0/80.0" in text
        assert "step 6, loss 1.500" in text
    else:
        assert not text
