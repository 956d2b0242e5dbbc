"""A teacher's weights are the moving average of the student's."""

from __future__ import annotations

import pytest
import torch
from scenerep_training.networks.momentum import Momentum
from scenerep_training.networks.projection import DINOHead
from torch import nn


def network():
    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))


def test_it_begins_as_the_network_and_follows_by_the_formula():
    online = network()
    teacher = Momentum(online)
    expected = [p.detach().clone() for p in online.parameters()]
    for momentum in (0.9, 0.5, 0.99):
        with torch.no_grad():
            for p in online.parameters():
                p.add_(torch.randn_like(p))
        teacher.follow(online, momentum)
        for e, p in zip(expected, online.parameters(), strict=True):
            e.mul_(momentum).add_(p.detach(), alpha=1 - momentum)
        torch.testing.assert_close(list(teacher.network.parameters()), expected, check_stride=False)


def test_nothing_of_it_is_trained_and_nothing_is_shared():
    online = network()
    teacher = Momentum(online)
    assert not any(p.requires_grad for p in teacher.parameters())
    assert not teacher(torch.randn(5, 4)).requires_grad
    with torch.no_grad():
        online[0].weight.zero_()
    assert teacher.network[0].weight.abs().max() > 0


def test_running_statistics_are_its_own():
    online = network()
    teacher = Momentum(online)
    teacher(torch.randn(5, 4) + 10)
    before = teacher.network[1].running_mean.clone()
    online(torch.randn(5, 4) - 10)
    teacher.follow(online, 0.5)
    torch.testing.assert_close(teacher.network[1].running_mean, before)
    assert (before - online[1].running_mean).abs().max() > 0.1


def test_a_weight_normed_head_is_followed_too():
    online = DINOHead(4, 8, 3, 6)
    teacher = Momentum(online)
    with torch.no_grad():
        online.last.parametrizations.weight.original1.neg_()
    teacher.follow(online, 0.0)
    x = torch.randn(5, 4)
    torch.testing.assert_close(teacher(x), online(x).detach())


def test_a_momentum_above_one_is_refused():
    with pytest.raises(ValueError, match="decay"):
        Momentum(network()).follow(network(), 1.1)
