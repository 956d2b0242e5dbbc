"""Where each label of an image is, and how large, found from its rows' runs of equal labels.

A label image of 640x480 pixels has a few thousand runs. Sorting those takes a tenth of the time
that looking each pixel up in a table does.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import BACKGROUND, UNLABELLED

Integers = NDArray[np.int64]


class LabelStatistics(NamedTuple):
    """The K objects of a label image, in order of their labels.

    Attributes:
        labels: (K,) int64.
        first: (K,) int64, where in the flat image each has its first pixel.
        areas: (K,) int64, pixels.
        boxes: (K, 4) int64, u and v of the upper left corner, width, height, pixels.
    """

    labels: Integers
    first: Integers
    areas: Integers
    boxes: Integers


def label_statistics(labels: NDArray[Any]) -> LabelStatistics:
    """Measure the objects of a label image: all labels but BACKGROUND and UNLABELLED.

    Args:
        labels: (H, W), integers in 0..65535.
    """
    label, start, length = _sorted_runs(labels)
    if not len(label):
        nothing = np.empty(0, np.int64)
        return LabelStatistics(nothing, nothing, nothing, np.empty((0, 4), np.int64))
    row, left = np.divmod(start, labels.shape[1])
    group = np.flatnonzero(np.r_[True, label[1:] != label[:-1]])
    top, bottom = row[group], np.maximum.reduceat(row, group) + 1
    from_, to = np.minimum.reduceat(left, group), np.maximum.reduceat(left + length, group)
    boxes = np.stack([from_, top, to - from_, bottom - top], axis=1)
    areas = np.add.reduceat(length, group)
    return LabelStatistics(label[group].astype(np.int64), start[group], areas, boxes)


def _sorted_runs(labels: NDArray[Any]) -> tuple[NDArray[np.uint16], Integers, Integers]:
    """Label, flat index of the start, and length of all objects' runs, by label and then start."""
    begins = np.ones(labels.shape, np.bool_)
    np.not_equal(labels[:, 1:], labels[:, :-1], out=begins[:, 1:])
    start = np.flatnonzero(begins)
    label, length = labels.ravel()[start].astype(np.uint16), np.diff(start, append=labels.size)
    # Of 16 bit numbers, numpy's stable sort is a radix sort.
    order = np.argsort(label, kind="stable")
    order = order[(label != BACKGROUND)[order] & (label != UNLABELLED)[order]]
    return label[order], start[order], length[order]
