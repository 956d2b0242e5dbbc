"""Tests of converted batch normalization in one process; test_distributed covers two processes."""

from __future__ import annotations

import copy

import pytest
import timm
import torch
from scenerep_training.networks.sync_batch_norm import SyncBatchNorm, convert_sync_batch_norm
from torch import nn


@pytest.mark.parametrize("name", ["test_resnet", "test_efficientnet"])
@pytest.mark.parametrize("training", [True, False])
def test_converted_network_in_one_process_equals_original(name, training):
    network = timm.create_model(name, num_classes=0)
    converted = convert_sync_batch_norm(copy.deepcopy(network))
    assert not any(type(m) in (nn.BatchNorm1d, nn.BatchNorm2d) for m in converted.modules())
    assert any(isinstance(m, SyncBatchNorm) for m in converted.modules())
    images = torch.randn(4, 3, 64, 64)
    for each in (network, converted):
        each.train(training)
    torch.testing.assert_close(converted(images), network(images))
    torch.testing.assert_close(converted.state_dict(), network.state_dict())


def test_convert_sync_batch_norm_twice_keeps_converted_layer():
    layer = convert_sync_batch_norm(nn.BatchNorm1d(3))
    assert type(layer) is SyncBatchNorm
    assert type(convert_sync_batch_norm(layer)) is SyncBatchNorm
