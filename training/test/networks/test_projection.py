"""The heads between encoder and loss."""

from __future__ import annotations

import torch
from scenerep_training.networks.projection import DINOHead, mlp


def test_dinos_outputs_are_cosines_whatever_the_last_layers_weights():
    head = DINOHead(8, 16, 4, 32)
    with torch.no_grad():
        head.last.parametrizations.weight.original1.mul_(100)
    bottleneck = torch.nn.functional.normalize(head.layers(torch.randn(64, 8)), dim=1)
    torch.testing.assert_close(head.last.weight.norm(dim=1), torch.ones(32))
    logits = head.last(bottleneck)
    assert logits.abs().max() <= 1 + 1e-5
    directions = torch.nn.functional.normalize(head.last.parametrizations.weight.original1, dim=1)
    torch.testing.assert_close(logits, bottleneck @ directions.T)


def test_the_lengths_of_dinos_last_layer_are_not_trained():
    head = DINOHead(8, 16, 4, 32)
    trained = {name for name, p in head.named_parameters() if p.requires_grad}
    assert "last.parametrizations.weight.original1" in trained
    assert "last.parametrizations.weight.original0" not in trained


def test_the_mlp_has_its_channels_and_normalises_between():
    network = mlp(8, 16, 4)
    hidden = network[1](network[0](100 * torch.randn(64, 8)))
    torch.testing.assert_close(hidden.mean(0), torch.zeros(16), atol=1e-4, rtol=0)
    assert network(torch.randn(64, 8)).shape == (64, 4)
