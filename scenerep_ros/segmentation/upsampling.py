"""From cluster scores on the feature grid to one region a pixel."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import Clusters


def cluster_regions(clusters: Clusters, shape: tuple[int, int]) -> NDArray[np.int32]:
    """Give each pixel the cluster whose interpolated score is best, so that borders are smooth.

    Interpolation is bilinear between the cells' centres (align_corners=False). One plane is
    enlarged at a time and compared with the best so far, which stays in the CPU's cache: ten
    planes at 480x640 take a tenth of the time of interpolating and comparing all at once in torch.

    Args:
        clusters: scores (K, h, w) on any device.
        shape: height and width of the image, pixels.

    Returns:
        (H, W) int32: 0 for the cluster that is known to be background, if any; the others are
        1, 2, ... in their order. A cluster that is nowhere best has no pixel.
    """
    planes = clusters.scores.cpu().numpy()
    enlarged, best = np.empty(shape, np.float32), np.full(shape, -np.inf, np.float32)
    regions = np.zeros(shape, np.int32)
    for plane, region in zip(
        planes, _region_numbers(len(planes), clusters.background), strict=True
    ):
        cv2.resize(plane, shape[::-1], dst=enlarged, interpolation=cv2.INTER_LINEAR)
        np.copyto(regions, region, where=enlarged > best)
        np.maximum(best, enlarged, out=best)
    return regions


def _region_numbers(count: int, background: int | None) -> list[int]:
    """Number the clusters from 1, leaving the background out, which is 0."""
    if background is None:
        return list(range(1, count + 1))
    return [0 if i == background else i + (i < background) for i in range(count)]
