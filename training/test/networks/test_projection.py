"""Tests of the projection heads."""

from __future__ import annotations

import torch
from scenerep_training.networks.projection import DINOHead, projection_mlp


def test_dino_head_with_large_weights_outputs_cosines():
    head = DINOHead(8, 16, 4, 32)
    with torch.no_grad():
        head.last_layer.parametrizations.weight.original1.mul_(100)
    features = torch.randn(64, 8)
    bottleneck = torch.nn.functional.normalize(head.layers(features), dim=1)
    weight = head.last_layer.parametrizations.weight.original1
    directions = torch.nn.functional.normalize(weight, dim=1)
    logits = head(features)
    assert logits.abs().max() <= 1 + 1e-5
    torch.testing.assert_close(logits, bottleneck @ directions.T)


def test_dino_head_lengths_of_last_layer_are_frozen():
    head = DINOHead(8, 16, 4, 32)
    trained = {name for name, p in head.named_parameters() if p.requires_grad}
    assert "last_layer.parametrizations.weight.original1" in trained
    assert "last_layer.parametrizations.weight.original0" not in trained


def test_projection_mlp_normalizes_hidden_channels():
    network = projection_mlp(8, 16, 4)
    hidden = network[1](network[0](100 * torch.randn(64, 8)))
    torch.testing.assert_close(hidden.mean(0), torch.zeros(16), atol=1e-4, rtol=0)
    assert network(torch.randn(64, 8)).shape == (64, 4)
