"""The queue keeps the newest keys."""

from __future__ import annotations

import torch
from scenerep_training.networks.queue import Queue


def numbered(first, count):
    return torch.arange(first, first + count).float()[:, None].expand(count, 3)


def test_it_begins_with_directions():
    torch.testing.assert_close(Queue(5, 3).keys.norm(dim=1), torch.ones(5))


def test_the_oldest_keys_leave_also_where_batches_do_not_fit():
    queue = Queue(5, 3)
    for first in range(0, 12, 2):
        queue.push(numbered(first, 2))
    assert sorted(queue.keys[:, 0].tolist()) == [7, 8, 9, 10, 11]


def test_of_a_batch_larger_than_the_queue_the_last_keys_stay():
    queue = Queue(5, 3)
    queue.push(numbered(0, 8))
    assert sorted(queue.keys[:, 0].tolist()) == [3, 4, 5, 6, 7]


def test_a_restored_queue_goes_on_where_it_was():
    queue, restored = Queue(5, 3), Queue(5, 3)
    queue.push(numbered(0, 4))
    restored.load_state_dict(queue.state_dict())
    for each in (queue, restored):
        each.push(numbered(10, 3))
    torch.testing.assert_close(restored.keys, queue.keys)
