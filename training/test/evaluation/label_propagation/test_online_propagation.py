from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scenerep_training.evaluation.label_propagation.online_propagation import OnlinePropagation
from scenerep_training.evaluation.metrics.masks import mask_iou

PATCH_SIZE = 8
GRID_SHAPE = (16, 20)
SHAPE = (GRID_SHAPE[0] * PATCH_SIZE, GRID_SHAPE[1] * PATCH_SIZE)


def render(*corners: tuple[int, int]):
    """Squares of 40 pixels on a textured ground: image, ids and patch features."""
    rng = np.random.default_rng(0)
    texture = cv2.GaussianBlur(rng.integers(0, 256, (*SHAPE, 3), np.uint8), (0, 0), 2)
    image, ids = (texture // 4).astype(np.uint8), np.zeros(SHAPE, np.uint16)
    for label, (v, u) in enumerate(corners, start=1):
        ids[v : v + 40, u : u + 40] = label
        image[ids == label] = texture[:40, :40].reshape(-1, 3) // 4 + 60 * label
    share = [
        cv2.resize((ids == k).astype(np.float32), GRID_SHAPE[::-1], interpolation=cv2.INTER_AREA)
        for k in range(3)
    ]
    torch.manual_seed(0)
    grid = torch.from_numpy(np.stack(share, axis=-1)) @ torch.randn(3, 24)
    return image, ids, grid + 0.1 * torch.randn(*GRID_SHAPE, 24)


def test_propagation_follows_two_objects():
    image, ids, grid = render((10, 10), (70, 100))
    propagation = OnlinePropagation(grid, image, ids)
    for step in range(1, 6):
        image, ids, grid = render((10 + 4 * step, 10 + 6 * step), (70, 100 - 5 * step))
        predicted = propagation(grid, image)
        assert predicted.shape == SHAPE
        assert predicted.dtype == np.uint16
        for label in (1, 2):
            assert mask_iou(predicted == label, ids == label) > 0.9


def test_propagation_ignores_lookalike_beyond_search_radius():
    """The square disappears, and its twin appears farther away than it could have moved."""
    start, far = (10, 0), (80, 115)
    image, ids, grid = render(start)
    propagation = OnlinePropagation(grid, image, ids)
    image, _, grid = render(far)
    predicted = propagation(grid, image)
    assert not predicted[far[0] + 20 :, far[1] + 20 :].any()


def test_propagation_without_object_returns_background():
    image, ids, grid = render((40, 40))
    propagation = OnlinePropagation(grid, image, ids)
    image, _, grid = render()
    for _ in range(4):
        predicted = propagation(grid, image)
    assert not predicted.any()


@pytest.mark.parametrize("shape", [(24, 40), (97, 131)])
def test_propagation_supports_any_image_size(shape):
    image, ids, grid = render((40, 40))
    color = cv2.resize(image, shape[::-1])
    labels = cv2.resize(ids, shape[::-1], interpolation=cv2.INTER_NEAREST)
    predicted = OnlinePropagation(grid, color, labels)(grid, color)
    assert mask_iou(predicted > 0, labels > 0) > 0.8


def test_propagation_is_independent_of_object_order():
    (image, ids, grid), later = render((10, 10), (70, 100)), render((14, 16), (70, 95))
    permutation = np.array([0, 2, 1], np.uint16)
    original = OnlinePropagation(grid, image, ids)(later[2], later[0])
    permuted = OnlinePropagation(grid, image, permutation[ids])(later[2], later[0])
    assert np.mean(permutation[original] != permuted) < 1e-3


def test_propagation_is_independent_of_feature_norm():
    image, ids, grid = render((40, 40))
    original = OnlinePropagation(grid, image, ids)(grid, image)
    scaled = OnlinePropagation(3 * grid, image, ids)(F.normalize(grid, dim=-1), image)
    np.testing.assert_array_equal(original, scaled)
