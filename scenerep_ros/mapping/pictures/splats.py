"""Pictures of points as squares of the size of their voxels."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.mapping.pictures.projection import Camera

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]


@dataclass(frozen=True)
class SplatConstants:
    """Tuned constants of the squares of points."""

    max_splat_px: int = tuned(
        3,
        "size of a voxel in the image above which it is drawn in a smaller one",
        unit="px",
        set_on="argument: time of a picture",
    )
    splat_size: float = tuned(
        1.3,
        "side of the square of a point, in voxels",
        set_on="argument: leaves no holes at 45 deg",
    )


CONSTANTS = SplatConstants()


def draw_points(camera: Camera, points: Floats, colors: Image, voxel_size: float) -> Image:
    """Draw each point as a square of the size of its voxel; nearer ones hide others."""
    width, height = camera.size
    columns, rows, depth = camera.project(points)
    scale = (
        camera.focal / np.median(depth) if camera.is_perspective and len(depth) else camera.focal
    )
    # Draw large squares in a smaller image, where each covers few pixels.
    factor = max(1, round(voxel_size * scale / CONSTANTS.max_splat_px))
    side = int(np.ceil(CONSTANTS.splat_size * voxel_size * scale / factor))
    shape = -(-height // factor), -(-width // factor)
    order = np.argsort(-depth)
    columns, rows = columns[order] // factor, rows[order] // factor
    depth, colors = depth[order], colors[order]
    image = np.full((shape[0] * shape[1], 3), 255, np.uint8)
    nearest = np.full(shape[0] * shape[1], np.inf, np.float32)
    shifts = range(-(side // 2), side - side // 2)
    for shift_y, shift_x in product(shifts, shifts):
        u, v = columns + shift_x, rows + shift_y
        inside = (u >= 0) & (u < shape[1]) & (v >= 0) & (v < shape[0]) & (depth > 0)
        # Of points with one pixel the last, nearest one remains.
        candidate = np.full(len(image), -1, np.intp)
        candidate[v[inside] * shape[1] + u[inside]] = np.flatnonzero(inside)
        pixels = np.flatnonzero(candidate >= 0)
        pixels = pixels[depth[candidate[pixels]] < nearest[pixels]]
        nearest[pixels] = depth[candidate[pixels]]
        image[pixels] = colors[candidate[pixels]]
    enlarged = cv2.resize(
        image.reshape(*shape, 3),
        (shape[1] * factor, shape[0] * factor),
        interpolation=cv2.INTER_NEAREST,
    )
    return np.ascontiguousarray(enlarged[:height, :width])
