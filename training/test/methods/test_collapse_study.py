"""Tests of collapse in short runs, as in figure 7 of the DINO paper, and of the presets."""

from __future__ import annotations

import logging
import math

import pytest
from scenerep_training.monitoring.collapse_criteria import detect_collapse
from short_run import preset, run

pytestmark = pytest.mark.slow

STEPS = 120
LAST = 20
STUDY = {
    "batch_size": 8,
    "outputs": 256,
    "hidden": 256,
    "bottleneck": 64,
    "momentum": 0.9,
    "learning_rate": 0.05,
    "teacher_temperature": 0.04,
}
"""A fast teacher and a large learning rate accelerate a collapse."""


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level(logging.ERROR, logger="lightning.pytorch")


def detected_kinds(history, outputs=None):
    """Return the result of the collapse detector after each step."""
    steps = range(1, len(history.losses) + 1)
    curves = history.curves
    return [
        detect_collapse({name: curves[name][:step] for name in curves}, outputs) for step in steps
    ]


@pytest.mark.parametrize(
    ("missing", "kind"), [("centering", "constant"), ("sharpening", "uniform")]
)
def test_dino_without_centering_or_sharpening_collapses(missing, kind):
    method, history = run("dino", STEPS, **STUDY, **{missing: False})
    kinds = detected_kinds(history, method.options.outputs)
    assert set(kinds) == {None, kind}
    assert kinds.index(kind) < STEPS / 2


def test_dino_with_centering_and_sharpening_does_not_collapse():
    method, history = run("dino", STEPS, **STUDY)
    assert set(detected_kinds(history, method.options.outputs)) == {None}


@pytest.mark.parametrize("batch", [8, 16])
def test_dino_preset_for_small_batches_learns(batch):
    options = preset("dino-small-batch")
    _, history = run("dino", STEPS, **options | {"batch_size": batch})
    assert set(detected_kinds(history, options["outputs"])) == {None}
    late = sum(history.losses[-LAST:]) / LAST
    assert late < math.log(options["outputs"])  # the loss of uniform outputs


@pytest.mark.parametrize("batch", [8, 16])
def test_byol_preset_for_small_batches_learns(batch):
    _, history = run("byol", STEPS, **preset("byol-small-batch") | {"batch_size": batch})
    assert set(detected_kinds(history)) == {None}
    spread = history.curves["feature_std"]
    assert spread[-1] > 0.5 * spread[0]
    assert sum(history.losses[-LAST:]) / LAST < 0.7 * history.losses[0]
