"""Tests of momentum networks."""

from __future__ import annotations

import pytest
import torch
from scenerep_training.networks.momentum import MomentumNetwork
from scenerep_training.networks.projection import DINOHead
from torch import nn


def build_network():
    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))


def test_momentum_update_is_exponential_moving_average():
    online = build_network()
    teacher = MomentumNetwork(online)
    expected = [p.detach().clone() for p in online.parameters()]
    for momentum in (0.9, 0.5, 0.99):
        with torch.no_grad():
            for p in online.parameters():
                p.add_(torch.randn_like(p))
        teacher.update(online, momentum)
        for average, p in zip(expected, online.parameters(), strict=True):
            average.mul_(momentum).add_(p.detach(), alpha=1 - momentum)
        torch.testing.assert_close(list(teacher.network.parameters()), expected, check_stride=False)


def test_momentum_network_has_no_gradients_and_shares_nothing():
    online = build_network()
    teacher = MomentumNetwork(online)
    assert not any(p.requires_grad for p in teacher.parameters())
    assert not teacher(torch.randn(5, 4)).requires_grad
    with torch.no_grad():
        online[0].weight.zero_()
    assert teacher.network[0].weight.abs().max() > 0


def test_momentum_update_keeps_own_running_statistics():
    online = build_network()
    teacher = MomentumNetwork(online)
    teacher(torch.randn(5, 4) + 10)
    before = teacher.network[1].running_mean.clone()
    online(torch.randn(5, 4) - 10)
    teacher.update(online, 0.5)
    torch.testing.assert_close(teacher.network[1].running_mean, before)
    assert (before - online[1].running_mean).abs().max() > 0.1


def test_momentum_update_covers_weight_norm():
    online = DINOHead(4, 8, 3, 6)
    teacher = MomentumNetwork(online)
    with torch.no_grad():
        online.last_layer.parametrizations.weight.original1.neg_()
    teacher.update(online, 0.0)
    x = torch.randn(5, 4)
    torch.testing.assert_close(teacher(x), online(x).detach())


def test_momentum_update_above_one_raises():
    with pytest.raises(ValueError, match="decay"):
        MomentumNetwork(build_network()).update(build_network(), 1.1)
