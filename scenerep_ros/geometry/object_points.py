"""Points of the objects of a label image, without those that belong to another surface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import isqrt
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import SceneObject
from scenerep_ros.geometry.camera import invert_depth
from scenerep_ros.geometry.point_batch import CONSTANTS as BATCH_CONSTANTS
from scenerep_ros.geometry.subsampling import subsample

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]
Scalar = TypeVar("Scalar", bound=np.generic)

MIN_INVERSE_DEPTH = np.finfo(np.float32).tiny  # constant: IEEE 754
"""Inverse depth above which a point is finite [1/m]."""


@dataclass(frozen=True)
class ObjectPointConstants:
    """Tuned constants of the points of objects."""

    sample_size: int = tuned(
        2000,
        "approximate number of pixels of an object from which its box is computed",
        set_on="not recorded",
    )
    rim_px: int = tuned(
        3,
        "width of the rim of an object in which pixels are compared with its inside",
        unit="px",
        set_on="argument: depth is mixed or displaced up to 2 pixels from an edge",
    )
    inside_px: int = tuned(
        11,
        "side of the window of the inside that a rim pixel is compared with",
        unit="px",
        set_on="argument: twice the rim",
    )
    max_rim_step: float = tuned(
        0.03,
        "difference in inverse depth from the nearest inside above which a rim pixel is stray",
        unit="1/m",
        set_on="argument: three times the tolerance of planes",
    )


CONSTANTS = ObjectPointConstants()


def object_points(
    labels: NDArray[np.uint16],
    depth: Floats,
    rays: Floats,
    objects: Sequence[SceneObject],
) -> list[Floats]:
    """Deproject an evenly spaced sample of the pixels of each object.

    Sensors mix or displace the depth at the edges of objects. A rim pixel is stray, and left out, if
    its inverse depth differs from the mean over the inside of the object nearby. Where an object is
    too thin for an inside, all pixels are kept.

    Args:
        labels: (H, W) uint16.
        depth: (H, W) float32 [m]; NaN, inf and 0 mean no measurement.
        rays: (H, W, 3) float32 with z = 1.
        objects: objects in `labels`.

    Returns:
        (n, 3) float32, finite [m], for each object.
    """
    if not objects:
        return []
    # Cut a tile around each object; all tiles are parts of one array, so that they share operations.
    tiles = _Tiles.around(objects)
    mask = tiles.mask(labels, objects)
    indices, pixels, w = _measured_pixels(tiles, mask, depth)
    # Sample the pixels that are not stray, and deproject them.
    kept = np.flatnonzero(~_are_stray(tiles, mask, indices, w))
    parts = np.split(kept, np.searchsorted(indices[kept], np.cumsum(tiles.sizes)[:-1]))
    parts = [subsample(part, BATCH_CONSTANTS.max_points) for part in parts]
    sample = np.concatenate(parts)
    sampled_rays = rays.reshape(-1, 3).take(pixels[sample], axis=0)
    points = np.ascontiguousarray(sampled_rays.T) / w[sample]
    ends = np.cumsum([len(part) for part in parts])
    return [cloud.T for cloud in np.split(points, ends[:-1], axis=1)]


@dataclass(frozen=True)
class _Tiles:
    """Subsampled bounding boxes of objects, which are consecutive parts of flat arrays.

    Attributes:
        crops: slices of the image, one for each object.
        shapes: height and width of each tile [px].
    """

    crops: list[tuple[slice, slice]]
    shapes: list[tuple[int, int]]

    @classmethod
    def around(cls, objects: Sequence[SceneObject]) -> _Tiles:
        crops, shapes = [], []
        for item in objects:
            u, v, width, height = item.box
            step = max(isqrt(item.area // CONSTANTS.sample_size), 1)
            crops.append(np.s_[v : v + height : step, u : u + width : step])
            shapes.append((-(-height // step), -(-width // step)))
        return cls(crops, shapes)

    @property
    def sizes(self) -> list[int]:
        """Number of pixels of each tile."""
        return [height * width for height, width in self.shapes]

    def mask(self, labels: NDArray[np.uint16], objects: Sequence[SceneObject]) -> Mask:
        """Create the flat mask of the pixels that belong to their tile's object."""
        mask = np.empty(sum(self.sizes), np.bool_)
        for tile, crop, item in zip(self.split(mask), self.crops, objects, strict=True):
            np.equal(labels[crop], item.id, out=tile)
        return mask

    def select(self, image: NDArray[Scalar], mask: Mask) -> NDArray[Scalar]:
        """Return the values (n,) of an image (H, W) at the pixels of a flat mask."""
        tiles = zip(self.crops, self.split(mask), strict=True)
        return np.concatenate([image[crop][tile] for crop, tile in tiles])

    def split(self, values: NDArray[Scalar]) -> list[NDArray[Scalar]]:
        """Return the view (h, w) of each tile of a flat array."""
        ends = accumulate(self.sizes)
        return [
            values[end - height * width : end].reshape(height, width)
            for end, (height, width) in zip(ends, self.shapes, strict=True)
        ]


def _measured_pixels(
    tiles: _Tiles, mask: Mask, depth: Floats
) -> tuple[Indices, NDArray[np.int32], Floats]:
    """List the pixels (n,) of objects with depth, since scattered objects fill little of their tiles.

    Returns:
        Their positions in the flat arrays and in the image, and their inverse depth [1/m].
    """
    indices = np.flatnonzero(mask)
    pixels = tiles.select(np.arange(depth.size, dtype=np.int32).reshape(depth.shape), mask)
    w = invert_depth(depth.take(pixels))
    is_measured = w > MIN_INVERSE_DEPTH
    return indices[is_measured], pixels[is_measured], w[is_measured]


def _are_stray(tiles: _Tiles, mask: Mask, indices: Indices, w: Floats) -> Mask:
    """Find the pixels (n,) of the rim whose depth is not that of the inside nearby.

    Args:
        tiles: layout of the flat arrays.
        mask: flat array of the pixels of each tile's object.
        indices: (n,) positions of the measured pixels in the flat arrays.
        w: (n,) their inverse depth [1/m].
    """
    kernel = np.ones((2 * CONSTANTS.rim_px + 1,) * 2, np.uint8)
    eroded = np.empty(mask.shape, np.uint8)
    for tile, result in zip(tiles.split(mask.view(np.uint8)), tiles.split(eroded), strict=True):
        cv2.erode(tile, kernel, result, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    is_inside = eroded.view(bool)[indices]
    # Sum the inside near each pixel.
    inside, inside_w = np.zeros(mask.shape, np.uint8), np.zeros(mask.shape, np.float32)
    interior = indices[is_inside]
    inside[interior], inside_w[interior] = 1, w[is_inside]
    for tile, tile_w in zip(tiles.split(inside), tiles.split(inside_w), strict=True):
        _sum_windows(tile, tile_w)
    # Compare the rim with its mean.
    rim = indices[~is_inside]
    mean = inside_w[rim] / np.maximum(inside[rim], 1)
    is_deviating = ~(np.abs(w[~is_inside] - mean) < CONSTANTS.max_rim_step)
    is_stray = np.zeros(len(indices), bool)
    is_stray[~is_inside] = is_deviating & (inside[rim] > 0)
    return is_stray


def _sum_windows(inside: NDArray[np.uint8], w: Floats) -> None:
    """Replace the inside (h, w) of an object, and inverse depth in it, by their sums over windows."""
    u, v, width, height = cv2.boundingRect(inside)
    if not width:
        return
    # Beyond two radii from the inside all windows are empty, also those that a border reflects.
    window = (CONSTANTS.inside_px,) * 2
    margin = CONSTANTS.inside_px - 1
    near = np.s_[max(v - margin, 0) : v + height + margin, max(u - margin, 0) : u + width + margin]
    for values in (inside, w):
        values[near] = cv2.boxFilter(values[near], -1, window, normalize=False)
