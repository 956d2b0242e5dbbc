"""3D boxes of the objects of a segmented frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import RGBDFrame, SceneSegmentation
from scenerep_ros.geometry import (
    Box,
    Plane,
    find_support_plane,
    invert_depth,
    object_boxes,
    object_points,
    viewing_rays,
)


@dataclass(frozen=True)
class SceneBoxConstants:
    """Tuned constants of the object boxes."""

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
    support = _support_plane(depth, rays, frame.pose)
    up = upward if support is None else -support.normal
    height = None if support is None else -support.distance
    points = object_points(scene.labels, depth, rays, scene.objects)
    boxes = object_boxes(points, up, height)
    ids = [item.id for item in scene.objects]
    return {id_: box for id_, box in zip(ids, boxes, strict=True) if box is not None}


def _support_plane(
    depth: NDArray[np.float32],
    rays: NDArray[np.float32],
    pose: NDArray[np.float64] | None,
) -> Plane | None:
    step = CONSTANTS.plane_step_px
    sample = np.s_[::step, ::step]
    return find_support_plane(invert_depth(depth[sample]), rays[sample], pose)
