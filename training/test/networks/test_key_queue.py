"""Tests of the queue of keys."""

from __future__ import annotations

import torch
from scenerep_training.networks.key_queue import KeyQueue


def numbered_keys(first, count):
    return torch.arange(first, first + count).float()[:, None].expand(count, 3)


def push(queue, first, count):
    queue.push(numbered_keys(first, count), torch.arange(first, first + count))


def stored_numbers(queue):
    return sorted(queue.keys[:, 0].tolist())


def test_key_queue_is_initialized_with_unit_vectors():
    torch.testing.assert_close(KeyQueue(5, 3).keys.norm(dim=1), torch.ones(5))


def test_key_queue_push_wraps_around_and_replaces_oldest():
    queue = KeyQueue(5, 3)
    for first in range(0, 12, 2):
        push(queue, first, 2)
    assert stored_numbers(queue) == [7, 8, 9, 10, 11]


def test_key_queue_push_of_large_batch_keeps_last_keys():
    queue = KeyQueue(5, 3)
    push(queue, 0, 8)
    assert stored_numbers(queue) == [3, 4, 5, 6, 7]


def test_key_queue_restored_from_state_continues():
    queue, restored = KeyQueue(5, 3), KeyQueue(5, 3)
    push(queue, 0, 4)
    restored.load_state_dict(queue.state_dict())
    for each in (queue, restored):
        push(each, 10, 3)
    torch.testing.assert_close(restored.keys, queue.keys)


def test_collected_keys_enter_queue_once_per_step():
    queue = KeyQueue(5, 3)
    before = queue.keys.clone()
    queue.collect(numbered_keys(0, 2), torch.tensor([7, 7]))
    queue.collect(numbered_keys(2, 2), torch.tensor([8, 9]))
    assert torch.equal(queue.keys, before)
    queue.push_collected()
    assert queue.keys[:4, 0].tolist() == [0, 1, 2, 3]
    assert queue.groups.tolist() == [7, 7, 8, 9, -1]
    queue.push_collected()
    assert torch.equal(queue.keys[4], before[4])


def test_keys_of_own_group_are_no_negatives():
    queue = KeyQueue(5, 3)
    push(queue, 2, 3)
    expected = [[True, False, True, True, True], [True] * 5]
    assert queue.is_negative(torch.tensor([3, 9])).tolist() == expected
