from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scenerep_training.evaluation.label_propagation.online_propagation import OnlinePropagation

CELL = 8
CELLS = (16, 20)
SHAPE = (CELLS[0] * CELL, CELLS[1] * CELL)


def scene(*corners: tuple[int, int]):
    """Squares of 40 pixels on a textured ground: image, ids and features of its cells."""
    rng = np.random.default_rng(0)
    texture = cv2.GaussianBlur(rng.integers(0, 256, (*SHAPE, 3), np.uint8), (0, 0), 2)
    image, ids = (texture // 4).astype(np.uint8), np.zeros(SHAPE, np.uint16)
    for label, (v, u) in enumerate(corners, start=1):
        ids[v : v + 40, u : u + 40] = label
        image[ids == label] = texture[:40, :40].reshape(-1, 3) // 4 + 60 * label
    share = [cv2.resize((ids == k).astype(np.float32), CELLS[::-1], 0, 0, 0, 3) for k in range(3)]
    torch.manual_seed(0)
    grid = torch.from_numpy(np.stack(share, axis=-1)) @ torch.randn(3, 24)
    return image, ids, grid + 0.1 * torch.randn(*CELLS, 24)


def iou(predicted, truth):
    return (predicted & truth).sum() / (predicted | truth).sum()


def test_two_objects_are_followed_each_to_its_border():
    image, ids, grid = scene((10, 10), (70, 100))
    carry = OnlinePropagation(grid, image, ids)
    for step in range(1, 6):
        image, ids, grid = scene((10 + 4 * step, 10 + 6 * step), (70, 100 - 5 * step))
        found = carry(grid, image)
        assert found.shape == SHAPE
        assert found.dtype == np.uint16
        for label in (1, 2):
            assert iou(found == label, ids == label) > 0.9


def test_an_object_is_not_given_to_a_lookalike_far_away():
    """The first square is gone, and its twin comes up beyond what it could have moved."""
    near, far = (10, 0), (80, 115)
    image, ids, grid = scene(near)
    carry = OnlinePropagation(grid, image, ids)
    image, _, grid = scene(far)
    found = carry(grid, image)
    assert not found[far[0] + 20 :, far[1] + 20 :].any()


def test_an_object_that_left_gives_no_error():
    image, ids, grid = scene((40, 40))
    carry = OnlinePropagation(grid, image, ids)
    image, _, grid = scene()
    for _ in range(4):
        found = carry(grid, image)
    assert not found.any()


@pytest.mark.parametrize("shape", [(24, 40), (97, 131)])
def test_any_size_of_image_will_do(shape):
    image, ids, grid = scene((40, 40))
    color = cv2.resize(image, shape[::-1])
    labels = cv2.resize(ids, shape[::-1], interpolation=cv2.INTER_NEAREST)
    found = OnlinePropagation(grid, color, labels)(grid, color)
    assert iou(found > 0, labels > 0) > 0.8


def test_it_is_the_same_for_every_naming_of_the_objects():
    (image, ids, grid), later = scene((10, 10), (70, 100)), scene((14, 16), (70, 95))
    swapped = np.array([0, 2, 1], np.uint16)
    one = OnlinePropagation(grid, image, ids)(later[2], later[0])
    other = OnlinePropagation(grid, image, swapped[ids])(later[2], later[0])
    assert np.mean(swapped[one] != other) < 1e-3


def test_features_may_have_any_length():
    image, ids, grid = scene((40, 40))
    one = OnlinePropagation(grid, image, ids)(grid, image)
    other = OnlinePropagation(3 * grid, image, ids)(F.normalize(grid, dim=-1), image)
    np.testing.assert_array_equal(one, other)
