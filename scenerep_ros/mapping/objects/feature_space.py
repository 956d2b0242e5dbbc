"""Similarity of features, relative to the mean of all features."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_MIN_LENGTH = 1e-6  # constant: avoids a division by zero


class FeatureSpace:
    """Running mean of all features, without which different objects are at 0 on average."""

    def __init__(self) -> None:
        self._mean: Floats | None = None
        self._weight = 0

    def observe(self, features: Floats) -> None:
        """Update the mean (C,) by the features (K, C) of a frame."""
        if not len(features):
            return
        self._weight += len(features)
        mean = features.mean(axis=0) if self._mean is None else self._mean
        self._mean = mean + len(features) / self._weight * (features.mean(axis=0) - mean)

    def similarity(self, first: Floats, second: Floats) -> Floats:
        """Return the cosine (K, M) of features (K, C) and (M, C) without their common mean."""
        if not len(first) or not len(second):
            return np.zeros((len(first), len(second)), np.float32)
        mean = np.float32(0) if self._mean is None else self._mean
        return np.asarray(normalized(first - mean) @ normalized(second - mean).T, np.float32)


def normalized(vectors: Floats) -> Floats:
    """Return vectors (..., C) of unit length; zeros stay zeros."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, _MIN_LENGTH), np.float32)
