"""3D boxes of the objects of a segmented frame."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import RGBDFrame, SceneObject, SceneSegmentation
from scenerep_ros.geometry import (
    Box,
    Plane,
    find_support_plane,
    invert_depth,
    object_box,
    viewing_rays,
    without_stray_rim,
)


@dataclass(frozen=True)
class SceneBoxConstants:
    """Tuned constants of the object boxes."""

    box_sample_size: int = tuned(
        2000,
        "approximate number of pixels of an object from which its box is computed",
        set_on="not recorded",
    )
    plane_step_px: int = tuned(
        8,
        "distance between the pixels in which the support plane is searched",
        unit="px",
        set_on="argument: thousands of pixels determine a plane that covers a fifth of the image",
    )


CONSTANTS = SceneBoxConstants()


def scene_boxes(
    frame: RGBDFrame, scene: SceneSegmentation, upward: NDArray[np.float32] | None = None
) -> dict[int, Box]:
    """Compute the boxes of the objects that have depth, by id.

    Boxes are in the optical frame, upright on the support plane. Where there is none, they are upright
    along `upward`, or aligned with the camera.

    Args:
        frame: input of the pipeline; without depth or intrinsics there are no boxes.
        scene: output of the pipeline.
        upward: (3,) upward direction in the optical frame, if it is known.
    """
    depth, camera = frame.depth, frame.intrinsics
    if depth is None or camera is None or not scene.objects:
        return {}
    rays = viewing_rays(camera, *frame.shape)
    support = _support_plane(frame, depth, rays)
    up = upward if support is None else -support.normal
    height = None if support is None else -support.distance
    boxes = {
        item.id: object_box(_object_points(item, scene.labels, depth, rays), up, height)
        for item in scene.objects
    }
    return {id_: box for id_, box in boxes.items() if box is not None}


def _support_plane(
    frame: RGBDFrame, depth: NDArray[np.float32], rays: NDArray[np.float32]
) -> Plane | None:
    step = CONSTANTS.plane_step_px
    sample = np.s_[::step, ::step]
    return find_support_plane(invert_depth(depth[sample]), rays[sample], frame.pose)


def _object_points(
    item: SceneObject,
    labels: NDArray[np.uint16],
    depth: NDArray[np.float32],
    rays: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Deproject an evenly spaced sample of an object's pixels to (n, 3) [m].

    Pixels at its rim with the depth of another surface are left out.
    """
    # Subsample the bounding box on a regular grid.
    u, v, width, height = item.box
    step = max(isqrt(item.area // CONSTANTS.box_sample_size), 1)
    crop = np.s_[v : v + height : step, u : u + width : step]
    # Scale the viewing rays of the object's pixels by their depth.
    inverse_depth = invert_depth(depth[crop])
    mask = without_stray_rim(inverse_depth, labels[crop] == item.id)
    return rays[crop][mask] / inverse_depth[mask][:, None]
