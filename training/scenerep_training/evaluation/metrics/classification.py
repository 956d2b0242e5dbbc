"""Which class an image is taken for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

NO_VOTE = -np.inf
"""Score of a class for which nothing speaks: it is not among the best, however few they are."""


def knn_scores(
    similarity: NDArray[np.floating],
    labels: NDArray[np.int64],
    classes: int,
    counts: Sequence[int],
    temperature: float,
) -> dict[int, NDArray[np.float64]]:
    """Weighted k-nearest-neighbour votes (Wu et al., CVPR 2018): exp(similarity / temperature).

    Args:
        similarity: (N,) cosine of one image's feature and those of N training images.
        labels: (N,) of the training images, 0..classes - 1.
        classes: number of classes.
        counts: values of k; where there are fewer training images, all of them vote.
        temperature: the smaller, the more the nearest count.

    Returns:
        For each k the (classes,) sums of votes; NO_VOTE where no neighbour is of the class.
    """
    most = min(max(counts), similarity.size)
    nearest = np.argpartition(-similarity, most - 1)[:most]
    nearest = nearest[np.argsort(-similarity[nearest], kind="stable")]
    weights = np.exp(similarity[nearest].astype(np.float64) / temperature)
    scores = {}
    for k in counts:
        votes = np.bincount(labels[nearest[:k]], weights[:k], minlength=classes)
        scores[k] = np.where(votes > 0, votes, NO_VOTE)
    return scores


def unit_length(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale features (..., C), none of them zero, to length 1."""
    return features / np.linalg.norm(features, axis=-1, keepdims=True)


def in_top(scores: NDArray[np.floating], truth: int, count: int) -> bool:
    """Whether the true class is among the `count` with the greatest scores.

    Of equal scores the lower class comes first. With no more classes than `count` it always is,
    unless its score is NO_VOTE.

    Args:
        scores: (classes,).
        truth: index of the true class.
        count: of best classes.
    """
    own = scores[truth]
    before = np.count_nonzero(scores > own) + np.count_nonzero(scores[:truth] == own)
    return bool(own > NO_VOTE and before < count)
