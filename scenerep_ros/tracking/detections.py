"""What one frame shows of its objects, before anybody knows who they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import normalize

from scenerep_ros.frames import UNLABELLED, Features, Segmentation
from scenerep_ros.ops.region_properties import label_statistics
from scenerep_ros.tracking.optical_flow import thumbnail_shape


@dataclass(frozen=True)
class Observation:
    """The K objects of one frame in reading order of their first pixel.

    The order depends on the objects alone, not on the numbers that the segmentation gave them, so
    that nothing computed from it does.

    Attributes:
        labels: (K,) the segmentation's numbers.
        features: (K, C) float32, unit length, mean feature of each object's pixels.
        mean: (C,) float32, mean unit feature of the whole picture.
        thumbnail: (h, w) int64, 1 + the object's place in this order, 0 where there is none.
        points: K arrays (n, 2) float32, u and v of each object's pixels in the thumbnail.
    """

    labels: NDArray[np.int64]
    features: NDArray[np.float32]
    mean: NDArray[np.float32]
    thumbnail: NDArray[np.int64]
    points: list[NDArray[np.float32]]


def observe(segmentation: Segmentation, features: Features) -> Observation:
    """Describe the objects of one frame."""
    shape = (segmentation.labels.shape[0], segmentation.labels.shape[1])
    found = label_statistics(segmentation.labels)
    order = np.argsort(found.first)
    labels, first = found.labels[order], found.first[order]
    rank = np.zeros(UNLABELLED + 1, np.int64)
    rank[labels] = np.arange(1, len(labels) + 1)
    thumbnail = rank[_shrink(segmentation.labels)]
    vectors, mean = _mean_features(thumbnail, first, shape, features.grid)
    points = _points(thumbnail, len(labels))
    return Observation(labels, vectors, mean, thumbnail, points)


def find_points(labels: NDArray[np.uint16]) -> dict[int, NDArray[np.float32]]:
    """Columns and rows (n, 2) in the thumbnail of each object in (H, W) labels that has some."""
    thumbnail = _shrink(labels)
    present = np.flatnonzero(np.bincount(thumbnail.ravel(), minlength=2)[1:UNLABELLED]) + 1
    rank = np.zeros(UNLABELLED + 1, np.int64)
    rank[present] = np.arange(1, len(present) + 1)
    return dict(zip(present.tolist(), _points(rank[thumbnail], len(present)), strict=True))


def _shrink(labels: NDArray[Any]) -> NDArray[Any]:
    shape = (labels.shape[0], labels.shape[1])
    v, u = (_centres(n, m) for n, m in zip(thumbnail_shape(shape), shape, strict=True))
    return labels[v[:, None], u]


def _centres(count: int, length: int) -> NDArray[np.intp]:
    """Where the centres of `count` cells lie in `length` pixels."""
    return ((np.arange(count) + 0.5) * length / count).astype(np.intp)


def _points(thumbnail: NDArray[np.int64], count: int) -> list[NDArray[np.float32]]:
    flat = thumbnail.ravel()
    # Of 16 bit numbers, numpy's stable sort is a radix sort.
    order = np.argsort(flat.astype(np.uint16), kind="stable")
    ends = np.cumsum(np.bincount(flat, minlength=count + 1))
    return np.split(_places(*thumbnail.shape).take(order, axis=0), ends[:-1])[1:]


@lru_cache(maxsize=8)
def _places(height: int, width: int) -> NDArray[np.float32]:
    """Column and row (height * width, 2) of each pixel."""
    v, u = np.indices((height, width), np.float32)
    return np.stack([u.ravel(), v.ravel()], axis=1)


def _mean_features(
    thumbnail: NDArray[np.int64],
    first: NDArray[np.int64],
    shape: tuple[int, int],
    grid: torch.Tensor,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean unit features (K, C), unit length, and their mean over the picture (C,)."""
    rows, columns = grid.shape[:2]
    height, width = thumbnail.shape
    cell = _centres(height, rows)[:, None] * columns + _centres(width, columns)
    joint = thumbnail * (rows * columns) + cell
    objects = len(first)
    weights = np.bincount(joint.ravel(), minlength=(objects + 1) * rows * columns)
    weights = weights.reshape(-1, rows * columns).astype(np.float32)
    # An object that the thumbnail is too coarse for takes the feature at its first pixel.
    v, u = np.divmod(first, shape[1])
    there = v * rows // shape[0] * columns + u * columns // shape[1]
    weights[np.arange(1, objects + 1), there] += 1e-3
    cells = normalize(grid.reshape(rows * columns, -1).float(), dim=-1)
    sums = torch.from_numpy(weights).to(cells.device) @ cells
    means = torch.cat([normalize(sums[1:], dim=-1), cells.mean(0, keepdim=True)]).cpu().numpy()
    return means[:-1], means[-1]
