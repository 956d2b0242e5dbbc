"""Tests of the feature standardizer against the moments of all rows."""

from __future__ import annotations

import torch
from scenerep_training.networks.feature_standardizer import FeatureStandardizer


def test_standardizer_statistics_cover_all_batches():
    batches = torch.randn(5, 64, 3) * torch.tensor([1.0, 10.0, 0.1]) + 4
    standardizer = FeatureStandardizer(3)
    for batch in batches:
        standardizer(batch.reshape(4, 16, 3))
    rows = batches.flatten(0, 1)
    expected = (rows - rows.mean(0)) / rows.std(0, correction=0)
    torch.testing.assert_close(standardizer.eval()(rows), expected, rtol=1e-3, atol=1e-3)


def test_standardizer_in_eval_mode_keeps_statistics():
    standardizer = FeatureStandardizer(2)
    standardizer(torch.randn(10, 2))
    before = {name: value.clone() for name, value in standardizer.state_dict().items()}
    standardizer.eval()(torch.randn(10, 2) + 5)
    assert all(value.equal(before[name]) for name, value in standardizer.state_dict().items())


def test_standardizer_of_constant_channel_is_finite():
    assert FeatureStandardizer(2)(torch.ones(10, 2).bfloat16()).isfinite().all()
