"""Converted batch normalisation, in one process; in two it is tested with the methods."""

from __future__ import annotations

import copy

import pytest
import timm
import torch
from scenerep_training.networks.sync_batch_norm import SyncBatchNorm, convert
from torch import nn


@pytest.mark.parametrize("name", ["test_resnet", "test_efficientnet"])
@pytest.mark.parametrize("training", [True, False])
def test_a_converted_network_is_the_same_network(name, training):
    network = timm.create_model(name, num_classes=0)
    converted = convert(copy.deepcopy(network))
    assert not any(type(m) in (nn.BatchNorm1d, nn.BatchNorm2d) for m in converted.modules())
    assert any(isinstance(m, SyncBatchNorm) for m in converted.modules())
    images = torch.randn(4, 3, 64, 64)
    for each in (network, converted):
        each.train(training)
    torch.testing.assert_close(converted(images), network(images))
    torch.testing.assert_close(converted.state_dict(), network.state_dict())


def test_a_layer_by_itself_is_converted_and_converting_again_changes_nothing():
    layer = convert(nn.BatchNorm1d(3))
    assert type(convert(layer)) is SyncBatchNorm
