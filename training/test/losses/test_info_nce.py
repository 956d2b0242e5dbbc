"""Tests of InfoNCE with a queue against lightly's NT-Xent with a memory bank."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from lightly.loss import NTXentLoss
from scenerep_training.losses.info_nce import info_nce_loss
from scenerep_training.networks.key_queue import KeyQueue


def random_rows(seed, count=6):
    return torch.randn(count, 32, generator=torch.Generator().manual_seed(seed), requires_grad=True)


@pytest.mark.parametrize("temperature", [0.1, 0.2])
def test_info_nce_loss_gradient_and_queue_equal_lightly(temperature):
    oracle = NTXentLoss(temperature, memory_bank_size=(18, 32))
    queue = KeyQueue(18, 32)
    queue.keys.copy_(oracle.memory_bank.bank)
    for step in range(5):  # three batches fill the queue, so it wraps around
        query, key = random_rows(2 * step), random_rows(2 * step + 1)
        groups = torch.arange(6 * step, 6 * step + 6)
        is_negative = queue.is_negative(groups)
        loss = info_nce_loss(query, key, queue.keys.clone(), is_negative, temperature)
        expected = oracle(query, key.detach())
        torch.testing.assert_close(loss, expected, atol=1e-5, rtol=0)
        gradients = [torch.autograd.grad(value, query)[0] for value in (loss, expected)]
        torch.testing.assert_close(*gradients, atol=1e-5, rtol=1e-5)
        queue.push(F.normalize(key, dim=1), groups)
        torch.testing.assert_close(queue.keys, oracle.memory_bank.bank, atol=1e-5, rtol=0)


def test_info_nce_loss_under_autocast_is_computed_in_float32():
    query, key = random_rows(0).bfloat16(), random_rows(1).bfloat16()
    negatives = F.normalize(random_rows(2), dim=1)
    everywhere = torch.ones(6, 6, dtype=torch.bool)
    expected = info_nce_loss(query.float(), key.float(), negatives, everywhere, 0.2)
    with torch.autocast("cpu", torch.bfloat16):
        loss = info_nce_loss(query, key, negatives, everywhere, 0.2)
    torch.testing.assert_close(loss, expected, atol=0, rtol=0)


def test_info_nce_loss_leaves_out_keys_of_own_group():
    query, key, negatives = random_rows(0, 1), random_rows(1, 1), F.normalize(random_rows(2), dim=1)
    is_negative = torch.tensor([[True, False, True, True, False, False]])
    kept = negatives[is_negative[0]]
    expected = info_nce_loss(query, key, kept, torch.ones(1, 3, dtype=torch.bool), 0.2)
    torch.testing.assert_close(info_nce_loss(query, key, negatives, is_negative, 0.2), expected)
