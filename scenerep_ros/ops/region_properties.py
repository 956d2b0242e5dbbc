"""Position and area of the labels of an image, from its runs of equal labels.

A label image of 640x480 pixels has a few thousand runs. Sorting them takes a tenth of the time of
a table lookup for each pixel.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import BACKGROUND, UNLABELLED

Integers = NDArray[np.int64]


class RegionProperties(NamedTuple):
    """Properties of the K objects of a label image, in order of their labels.

    Attributes:
        labels: (K,) int64.
        first_pixels: (K,) int64, flat index of each object's first pixel.
        areas: (K,) int64 [px].
        boxes: (K, 4) int64, u and v of the upper left corner, width, height [px].
    """

    labels: Integers
    first_pixels: Integers
    areas: Integers
    boxes: Integers


def measure_regions(labels: NDArray[Any]) -> RegionProperties:
    """Measure the objects of a label image: all labels except BACKGROUND and UNLABELLED.

    Args:
        labels: (H, W), integers in 0..65535.
    """
    label, start, length = sorted_runs(labels)
    if not len(label):
        empty = np.empty(0, np.int64)
        return RegionProperties(empty, empty, empty, np.empty((0, 4), np.int64))
    row, left = np.divmod(start, labels.shape[1])
    # Reduce the runs of each label, which are adjacent after sorting.
    group = np.flatnonzero(np.r_[True, label[1:] != label[:-1]])
    min_v, max_v = row[group], np.maximum.reduceat(row, group) + 1
    min_u = np.minimum.reduceat(left, group)
    max_u = np.maximum.reduceat(left + length, group)
    boxes = np.stack([min_u, min_v, max_u - min_u, max_v - min_v], axis=1)
    areas = np.add.reduceat(length, group)
    return RegionProperties(label[group].astype(np.int64), start[group], areas, boxes)


def sorted_runs(labels: NDArray[Any]) -> tuple[NDArray[np.uint16], Integers, Integers]:
    """Find the runs of all objects, sorted by label and then by start.

    Returns:
        (n,) label, flat index of the first pixel, and length [px] of each run.
    """
    is_start = np.ones(labels.shape, np.bool_)
    np.not_equal(labels[:, 1:], labels[:, :-1], out=is_start[:, 1:])
    start = np.flatnonzero(is_start)
    label, length = labels.ravel()[start].astype(np.uint16), np.diff(start, append=labels.size)
    # numpy's stable sort of 16 bit numbers is a radix sort.
    order = np.argsort(label, kind="stable")
    order = order[(label != BACKGROUND)[order] & (label != UNLABELLED)[order]]
    return label[order], start[order], length[order]
