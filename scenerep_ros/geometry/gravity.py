"""Direction against gravity, from the dominant horizontal plane of a frame."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import tee

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.geometry.planes import MIN_INLIER_RATIO, Plane, PlaneSearch

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class GravityConstants:
    """Tuned constants of the search for the support plane."""

    plane_tolerance: float = tuned(
        0.01,
        "largest residual of an inlier of a plane",
        unit="1/m",
        set_on="argument: three steps of a Kinect's disparity",
    )
    max_planes: int = tuned(
        3, "number of planes that are searched", set_on="argument: a floor or table, and two walls"
    )
    max_world_angle_deg: float = tuned(
        20.0,
        "angle to the z axis of the world up to which a plane counts as horizontal",
        unit="deg",
        set_on="argument: poses of hand-held cameras are exact to a few degrees",
    )
    max_camera_angle_deg: float = tuned(
        80.0,
        "angle to the image's upward direction up to which a plane counts as horizontal, without a pose",
        unit="deg",
        set_on="argument: side walls are at 90 degrees, the floor below a camera at its pitch",
    )


CONSTANTS = GravityConstants()


def find_support_plane(
    inverse_depth: Floats, rays: Floats, pose: NDArray[np.float64] | None = None
) -> Plane | None:
    """Find the largest plane that faces up, such as a table or the floor.

    With a pose, planes across the z axis of the world are preferred (REP 103: z points up). A world
    of another orientation has no such plane, and a plane that faces up in the image is taken.

    Args:
        inverse_depth: (H, W) float32 [1/m]; NaN without a measurement.
        rays: (H, W, 3) float32 with z = 1.
        pose: (4, 4) camera to world, or None.

    Returns:
        The plane, whose normal points down; None if no plane faces up.
    """
    search = PlaneSearch.start(inverse_depth, rays)
    planes = search.find(CONSTANTS.plane_tolerance, MIN_INLIER_RATIO, CONSTANTS.max_planes)
    directions = [(np.array([0, -1, 0]), CONSTANTS.max_camera_angle_deg)]
    if pose is not None:
        directions.insert(0, (pose[2, :3], CONSTANTS.max_world_angle_deg))
    copies = tee(planes, len(directions))
    for (up, max_angle_deg), candidates in zip(directions, copies, strict=True):
        min_cosine = np.cos(np.radians(max_angle_deg))
        for plane in candidates:
            if -plane.normal @ up > min_cosine:
                return plane
    return None
