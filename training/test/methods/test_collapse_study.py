"""Real runs: what collapses is told, as in figure 7 of the DINO paper, and the presets do not."""

from __future__ import annotations

import logging
import math

import pytest
from scenerep_training.monitoring.collapse import diagnose
from short_run import preset, run

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
"""A fast teacher and a large learning rate, so that what will collapse does it at once."""


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level(logging.ERROR, logger="lightning.pytorch")


def alarms(history, outputs=None):
    """What the guard would have said after each step."""
    steps = range(1, len(history.losses) + 1)
    curves = history.curves
    return [diagnose({name: curves[name][:step] for name in curves}, outputs) for step in steps]


@pytest.mark.parametrize(("missing", "kind"), [("centring", "constant"), ("sharpening", "uniform")])
def test_without_centring_or_sharpening_dino_collapses_and_it_is_told(missing, kind):
    method, history = run("dino", STEPS, **STUDY, **{missing: False})
    told = alarms(history, method.options.outputs)
    assert set(told) == {None, kind}
    assert told.index(kind) < STEPS / 2


def test_with_both_it_does_not():
    method, history = run("dino", STEPS, **STUDY)
    assert set(alarms(history, method.options.outputs)) == {None}


@pytest.mark.parametrize("batch", [8, 16])
def test_dinos_preset_for_small_batches_learns_and_does_not_collapse(batch):
    options = preset("dino-small-batch")
    _, history = run("dino", STEPS, **options | {"batch_size": batch})
    assert set(alarms(history, options["outputs"])) == {None}
    late = sum(history.losses[-LAST:]) / LAST
    assert late < math.log(options["outputs"])  # what outputs that know nothing would give


@pytest.mark.parametrize("batch", [8, 16])
def test_byols_preset_for_small_batches_learns_and_does_not_collapse(batch):
    _, history = run("byol", STEPS, **preset("byol-small-batch") | {"batch_size": batch})
    assert set(alarms(history)) == {None}
    spread = history.curves["feature_std"]
    assert spread[-1] > 0.5 * spread[0]
    assert sum(history.losses[-LAST:]) / LAST < 0.7 * history.losses[0]
