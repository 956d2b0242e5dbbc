"""Label propagation against a plain implementation with one patch and one label at a time."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scenerep_ros.frames import UNLABELLED, Features
from scenerep_ros.segmentation.depth.label_propagation import CONSTANTS, propagate_labels

ROWS, COLUMNS = 5, 7


def reference_scores(labels: np.ndarray, is_labelled: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Return scores (rows, columns, K + 1)."""
    size, label_count = labels.shape[0] // ROWS, labels.max() + 1
    coverage = {}
    for patch in np.ndindex(ROWS, COLUMNS):
        window = tuple(slice(i * size, (i + 1) * size) for i in patch)
        known = labels[window][is_labelled[window]]
        coverage[patch] = np.bincount(known, minlength=label_count) / size**2
    points = grid - grid.mean(axis=(0, 1))
    points /= np.linalg.norm(points, axis=-1, keepdims=True)
    scores = np.zeros((ROWS, COLUMNS, label_count))
    for patch, own in coverage.items():
        scores[patch] = own
        if own.sum() >= 0.999:
            continue
        propagated = np.zeros(label_count)
        for other, other_coverage in coverage.items():
            similarity = (points[patch] @ points[other] - 1) / CONSTANTS.similarity_scale
            distance = np.hypot(*np.subtract(patch, other)) / CONSTANTS.distance_sigma
            propagated += np.exp(similarity - distance**2 / 2) * other_coverage
        total = propagated.sum()
        scores[patch] = propagated / total if total > CONSTANTS.min_total_weight else 0
    return scores


@given(seed=st.integers(0, 10**6), size=st.integers(2, 9), count=st.integers(0, 5))
@settings(max_examples=15)
def test_unlabelled_pixels_take_best_interpolated_label(seed, size, count):
    rng = np.random.default_rng(seed)
    patch_labels = rng.integers(0, count + 1, (ROWS, COLUMNS)).astype(np.int32)
    labels = patch_labels.repeat(size, axis=0).repeat(size, axis=1)
    is_labelled = rng.random(labels.shape) < rng.random()
    kinds = rng.normal(size=(count + 1, 3))
    grid = rng.normal(size=(ROWS, COLUMNS, 3)) * 0.3 + kinds[patch_labels]
    features = Features(np.asarray(grid, np.float32), np.zeros(3, np.float32))
    result = propagate_labels(labels, is_labelled, features)
    np.testing.assert_array_equal(result[is_labelled], labels[is_labelled])
    planes = np.moveaxis(reference_scores(labels, is_labelled, grid), -1, 0)
    upsampled = np.stack([cv2.resize(plane, labels.shape[::-1]) for plane in planes])
    for v, u in np.argwhere(~is_labelled):
        scores, label = upsampled[:, v, u], result[v, u]
        score = CONSTANTS.min_label_score if label == UNLABELLED else scores[label]
        assert score >= max(scores.max(), CONSTANTS.min_label_score) - 1e-4
