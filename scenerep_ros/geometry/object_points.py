"""Points of the objects of a label image, without those that belong to another surface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import SceneObject
from scenerep_ros.geometry.point_batch import CONSTANTS as BATCH_CONSTANTS
from scenerep_ros.geometry.subsampling import subsample

Floats = NDArray[np.float32]


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
    inverse_depth: Floats,
    rays: Floats,
    objects: Sequence[SceneObject],
) -> list[Floats]:
    """Deproject an evenly spaced sample of the pixels of each object.

    Sensors mix or displace the depth at the edges of objects. A rim pixel is stray, and left out, if
    its inverse depth differs from the mean over the inside of the object nearby. Where an object is
    too thin for an inside, all pixels are kept.

    Args:
        labels: (H, W) uint16.
        inverse_depth: (H, W) float32 [1/m]; NaN without a measurement.
        rays: (H, W, 3) float32 with z = 1.
        objects: objects in `labels`.

    Returns:
        (n, 3) float32 [m] for each object.
    """
    # Cut a tile around each object; all tiles are parts of one array, so that they share operations.
    tiles = _Tiles.around(objects)
    measured = np.nan_to_num(inverse_depth)
    mask, w = np.empty(tiles.size, np.uint8), np.empty(tiles.size, np.float32)
    for item, crop, tile_mask, tile_w in zip(
        objects, tiles.crops, tiles.split(mask), tiles.split(w), strict=True
    ):
        np.equal(labels[crop], item.id, out=tile_mask, casting="unsafe")
        tile_w[...] = measured[crop]
    is_kept = _without_stray_rim(tiles, mask, w)
    # Deproject the pixels that are left.
    points = []
    for crop, tile_kept, tile_w in zip(
        tiles.crops, tiles.split(is_kept), tiles.split(w), strict=True
    ):
        pixels = np.flatnonzero(tile_kept)
        pixels = subsample(pixels, BATCH_CONSTANTS.max_points)
        v, u = np.divmod(pixels, tile_w.shape[1])
        points.append(rays[crop][v, u] / tile_w[v, u][:, None])
    return points


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
    def size(self) -> int:
        """Number of pixels of all tiles."""
        return sum(height * width for height, width in self.shapes)

    def split(self, values: NDArray[Any]) -> list[NDArray[Any]]:
        """Return the view (h, w) of each tile of a flat array."""
        ends = np.cumsum([height * width for height, width in self.shapes])[:-1]
        parts = np.split(values, ends) if self.shapes else []
        return [part.reshape(shape) for part, shape in zip(parts, self.shapes, strict=True)]


def _without_stray_rim(tiles: _Tiles, mask: NDArray[np.uint8], w: Floats) -> NDArray[np.bool_]:
    """Find the pixels (n,) of objects that have depth and are not stray.

    Args:
        tiles: layout of the flat arrays.
        mask: (n,) 1 for the pixels of a tile's object.
        w: (n,) inverse depth [1/m], 0 without a measurement.
    """
    valid = mask.view(bool) & (w > 0)
    kernel = np.ones((2 * CONSTANTS.rim_px + 1,) * 2, np.uint8)
    inside = np.empty_like(mask)
    for tile, result in zip(tiles.split(mask), tiles.split(inside), strict=True):
        result[...] = cv2.erode(tile, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    inside &= valid
    # Sum the inside near each pixel.
    weight, total = inside.copy(), w * inside
    window = (CONSTANTS.inside_px,) * 2
    for tile in (*tiles.split(weight), *tiles.split(total)):
        tile[...] = cv2.boxFilter(tile, -1, window, normalize=False)
    # Compare the rim with its mean.
    rim = np.flatnonzero(valid & ~inside.view(bool))
    rim = rim[weight[rim] > 0]
    is_stray = ~(np.abs(w[rim] - total[rim] / weight[rim]) < CONSTANTS.max_rim_step)
    valid[rim[is_stray]] = False
    return valid
