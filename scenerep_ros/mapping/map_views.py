"""Reduced depth images of the places from which a map was made: they tell free from unseen space."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import Intrinsics
from scenerep_ros.mapping.carving import look_up, surface_margin
from scenerep_ros.mapping.frame_view import FrameView, scaled_intrinsics
from scenerep_ros.mapping.pose_gate import motion_between

Floats = NDArray[np.float32]

_NS_PER_S = 1e9  # constant: unit


@dataclass(frozen=True)
class MapViewConstants:
    """Tuned constants of the stored views."""

    step: int = tuned(
        2,
        "distance of the stored pixels",
        unit="px",
        grid="sampled grid",
        set_on="argument: 64x48 pixels of 640x480 resolve 6 cm at 3 m",
    )
    max_distance_m: float = tuned(
        0.3, "distance up to which two views are one", unit="m", set_on="argument: half a step"
    )
    max_angle_deg: float = tuned(
        15.0,
        "angle up to which two views are one",
        unit="deg",
        set_on="argument: a quarter of the field of view",
    )
    min_age_s: float = tuned(
        1.0,
        "age from which a view is replaced by a newer one of the same place",
        unit="s",
        set_on="argument: the first view of a place is stored at once, later ones now and then",
    )
    max_views: int = tuned(
        600, "largest number of views", set_on="argument: 4 MB; the oldest are dropped first"
    )
    window_px: int = tuned(
        3,
        "side of the window in which all pixels must lie behind a point that is free",
        unit="px",
        grid="stored image",
        set_on="argument: the window of carving",
    )


CONSTANTS = MapViewConstants()


class Evidence(IntEnum):
    """State of a point of space by the latest view that shows it."""

    UNSEEN = 0
    OCCUPIED = 1
    FREE = 2


@dataclass
class MapView:
    """One view.

    Attributes:
        depth: (h, w) float16 [m]; NaN without a measurement.
        intrinsics: intrinsics of the stored image.
        pose: (4, 4) float64, camera to world.
        stamp_ns: time of the frame [ns].
    """

    depth: NDArray[np.float16]
    intrinsics: Intrinsics
    pose: NDArray[np.float64]
    stamp_ns: int


@dataclass
class MapViews:
    """The latest view of each place and direction.

    Attributes:
        views: views in the order of their stamps.
    """

    views: list[MapView] = field(default_factory=list)

    @property
    def memory_bytes(self) -> int:
        """Size of the depth images."""
        return sum(view.depth.nbytes for view in self.views)

    def add(self, view: FrameView) -> None:
        """Store a view, unless a recent one is near."""
        near = [item for item in self.views if _is_near(item.pose, view.pose)]
        if any(view.stamp_ns - item.stamp_ns < CONSTANTS.min_age_s * _NS_PER_S for item in near):
            return
        step = CONSTANTS.step
        stored = MapView(
            view.depth[::step, ::step].astype(np.float16),
            scaled_intrinsics(view.intrinsics, step),
            view.pose,
            view.stamp_ns,
        )
        replaced = {id(item) for item in near}
        self.views = [item for item in self.views if id(item) not in replaced]
        self.views = [*self.views, stored][-CONSTANTS.max_views :]

    def evidence(self, points: Floats) -> NDArray[np.uint8]:
        """Return the state (n,) of points (n, 3) [m], as values of `Evidence`."""
        state = np.full(len(points), Evidence.UNSEEN, np.uint8)
        for view in self.views:
            is_free, is_occupied = _test(view, points)
            state[is_free] = Evidence.FREE
            state[is_occupied] = Evidence.OCCUPIED
        return state


def _is_near(first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    distance, angle_deg = motion_between(first, second)
    return distance < CONSTANTS.max_distance_m and angle_deg < CONSTANTS.max_angle_deg


def _test(view: MapView, points: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which points are in front of the surface of a view, and which are on it."""
    local = ((points - view.pose[:3, 3]) @ view.pose[:3, :3]).astype(np.float32)
    depth = view.depth.astype(np.float32)
    kernel = np.ones((CONSTANTS.window_px,) * 2, np.uint8)
    nearest = np.asarray(cv2.erode(np.nan_to_num(depth), kernel), np.float32)
    near, inside = look_up(nearest, local, view.intrinsics)
    measured, _ = look_up(depth, local, view.intrinsics)
    margin = surface_margin(local[:, 2])
    is_free = inside & (local[:, 2] < near - margin)
    return is_free, inside & (np.abs(local[:, 2] - measured) <= margin)
