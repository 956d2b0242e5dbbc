"""Labels of undecided pixels, against the same rule one cell and one plane at a time."""

import cv2
import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from scenerep_ros.frames import UNLABELLED, Features
from scenerep_ros.segmentation.depth import label_propagation as hole_filling
from scenerep_ros.segmentation.depth.label_propagation import fill_undecided

ROWS, COLUMNS = 5, 7


def plain_scores(labels: np.ndarray, decided: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """(rows, columns, K + 1)."""
    size, count = labels.shape[0] // ROWS, labels.max() + 1
    tiles = {}
    for cell in np.ndindex(ROWS, COLUMNS):
        tile = tuple(slice(i * size, (i + 1) * size) for i in cell)
        held = labels[tile][decided[tile]]
        tiles[cell] = np.bincount(held, minlength=count) / size**2
    look = grid - grid.mean(axis=(0, 1))
    look /= np.linalg.norm(look, axis=-1, keepdims=True)
    scores = np.zeros((ROWS, COLUMNS, count))
    for cell, own in tiles.items():
        scores[cell] = own
        if own.sum() >= 0.999:
            continue
        told = np.zeros(count)
        for other, vote in tiles.items():
            likeness = (look[cell] @ look[other] - 1) / hole_filling.LIKENESS
            distance = np.hypot(*np.subtract(cell, other)) / hole_filling.NEARNESS
            told += np.exp(likeness - distance**2 / 2) * vote
        scores[cell] = told / told.sum() if told.sum() > hole_filling.LEAST_WEIGHT else 0
    return scores


@given(seed=st.integers(0, 10**6), size=st.integers(2, 9), count=st.integers(0, 5))
@settings(max_examples=15, deadline=None)
def test_undecided_pixels_take_the_best_interpolated_label(seed, size, count):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, count + 1, (ROWS, COLUMNS)).astype(np.int32)
    labels = coarse.repeat(size, axis=0).repeat(size, axis=1)
    decided = rng.random(labels.shape) < rng.random()
    grid = rng.normal(size=(ROWS, COLUMNS, 3)) * 0.3 + rng.normal(size=(count + 1, 3))[coarse]
    features = Features(torch.tensor(grid, dtype=torch.float32), torch.zeros(3))
    filled = fill_undecided(labels, decided, features)
    assert (filled[decided] == labels[decided]).all()
    planes = np.moveaxis(plain_scores(labels, decided, grid), -1, 0)
    enlarged = np.stack([cv2.resize(plane, labels.shape[::-1]) for plane in planes])
    for v, u in np.argwhere(~decided):
        scores, label = enlarged[:, v, u], filled[v, u]
        won = hole_filling.LEAST_SHARE if label == UNLABELLED else scores[label]
        assert won >= max(scores.max(), hole_filling.LEAST_SHARE) - 1e-4
