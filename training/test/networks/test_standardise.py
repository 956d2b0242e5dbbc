"""Standardised features: against the moments of all rows seen."""

from __future__ import annotations

import torch
from scenerep_training.networks.standardise import Standardise


def test_statistics_are_those_of_all_batches():
    batches = torch.randn(5, 64, 3) * torch.tensor([1.0, 10.0, 0.1]) + 4
    standardise = Standardise(3)
    for batch in batches:
        standardise(batch.reshape(4, 16, 3))
    rows = batches.flatten(0, 1)
    expected = (rows - rows.mean(0)) / rows.std(0, correction=0)
    torch.testing.assert_close(standardise.eval()(rows), expected, rtol=1e-3, atol=1e-3)


def test_eval_mode_changes_nothing():
    standardise = Standardise(2)
    standardise(torch.randn(10, 2))
    before = {name: value.clone() for name, value in standardise.state_dict().items()}
    standardise.eval()(torch.randn(10, 2) + 5)
    assert all(value.equal(before[name]) for name, value in standardise.state_dict().items())


def test_a_constant_channel_stays_finite():
    assert Standardise(2)(torch.ones(10, 2).bfloat16()).isfinite().all()
