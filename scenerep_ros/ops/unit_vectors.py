"""Scaling of vectors to unit length."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MIN_LENGTH = 1e-12  # constant: a zero vector stays zero
"""Length below which a vector is divided by this length instead of its own."""


def unit_rows(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale the rows of (N, C) vectors to unit length; rows of zeros stay zero.

    >>> unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]], np.float32)).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    lengths = np.sqrt(np.einsum("nc,nc->n", vectors, vectors))[:, None]
    return vectors / np.maximum(lengths, MIN_LENGTH)
