"""Metrics of image classification: weighted k-nearest-neighbor scores and top-k hits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

NO_VOTE = -np.inf
"""Score of a class without any neighbor; such a class is never a top-k hit."""


def knn_scores(
    similarity: NDArray[np.floating],
    labels: NDArray[np.int64],
    class_count: int,
    neighbor_counts: Sequence[int],
    temperature: float,
) -> dict[int, NDArray[np.float64]]:
    """Compute weighted k-nearest-neighbor scores (Wu et al., CVPR 2018).

    Each neighbor votes for its class with the weight exp(similarity / temperature).

    Args:
        similarity: (N,) cosine similarity of one image to N training images.
        labels: (N,) int64 class of each training image, 0..class_count - 1.
        class_count: number of classes.
        neighbor_counts: values of k; all training images vote if there are fewer than k.
        temperature: lower values give close neighbors more weight.

    Returns:
        (class_count,) float64 sums of votes for each k; NO_VOTE for classes without a neighbor.
    """
    # Sort the nearest neighbors by similarity.
    max_count = min(max(neighbor_counts), similarity.size)
    nearest = np.argpartition(-similarity, max_count - 1)[:max_count]
    nearest = nearest[np.argsort(-similarity[nearest], kind="stable")]
    # Sum the weights of each class.
    weights = np.exp(similarity[nearest].astype(np.float64) / temperature)
    scores = {}
    for k in neighbor_counts:
        votes = np.bincount(labels[nearest[:k]], weights[:k], minlength=class_count)
        scores[k] = np.where(votes > 0, votes, NO_VOTE)
    return scores


def normalize_features(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale non-zero features (..., C) to unit length."""
    return features / np.linalg.norm(features, axis=-1, keepdims=True)


def is_in_top_k(scores: NDArray[np.floating], true_class: int, k: int) -> bool:
    """Return True if the true class is among the k classes with the highest scores.

    Ties go to the class with the lower index. With k classes or fewer the result is True unless
    the score is NO_VOTE.

    Args:
        scores: (classes,) floating.
        true_class: index of the true class.
        k: number of top classes.

    >>> is_in_top_k(np.array([0.2, 0.5, 0.3]), true_class=2, k=2)
    True
    """
    own_score = scores[true_class]
    ahead = np.count_nonzero(scores > own_score) + np.count_nonzero(
        scores[:true_class] == own_score
    )
    return bool(own_score > NO_VOTE and ahead < k)
