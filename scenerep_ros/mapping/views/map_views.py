"""Depth images of the places from which a map was made, which separate free from unseen space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import Intrinsics
from scenerep_ros.mapping.views.carving import compare_with_depth
from scenerep_ros.mapping.views.frame_view import FrameView

Floats = NDArray[np.float32]

_NS_PER_S = 1e9  # constant: unit


@dataclass(frozen=True)
class MapViewConstants:
    """Tuned constants of the stored views."""

    max_distance_m: float = tuned(
        0.2,
        "distance up to which two views are one",
        unit="m",
        set_on="argument: a third of a step",
    )
    max_angle_deg: float = tuned(
        8.0,
        "angle up to which two views are one",
        unit="deg",
        set_on="argument: an eighth of the field of view, which a later view may leave out",
    )
    min_age_s: float = tuned(
        1.0,
        "age from which a view is replaced by a newer one of the same place",
        unit="s",
        set_on="argument: the first view of a place is stored at once, later ones now and then",
    )
    max_views: int = tuned(
        600, "largest number of views", set_on="argument: 15 MB; the oldest are dropped first"
    )
    window_px: int = tuned(
        3,
        "side of the window in which all pixels must lie behind a point that is free, of a view whose "
        "direction is exact",
        unit="px",
        grid="stored image",
        set_on="argument: a pixel and its neighbors",
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
        angle_error_deg: error of the direction that is to be expected [deg].
    """

    depth: NDArray[np.float16]
    intrinsics: Intrinsics
    pose: NDArray[np.float64]
    stamp_ns: int
    angle_error_deg: float = 0.0

    @property
    def window_px(self) -> int:
        """Side of the window in which all pixels must lie behind a point that is free [px]."""
        error_px = np.tan(np.radians(self.angle_error_deg)) * self.intrinsics.fx
        return CONSTANTS.window_px + 2 * round(float(error_px))


class MapViews:
    """The latest view of each place and direction.

    Args:
        views: views in the order of their stamps.
    """

    def __init__(self, views: Sequence[MapView] = ()) -> None:
        self._views = tuple(views)
        self._poses = np.array([view.pose for view in views], np.float64).reshape(-1, 4, 4)

    @property
    def views(self) -> tuple[MapView, ...]:
        """Views in the order of their stamps."""
        return self._views

    @property
    def memory_bytes(self) -> int:
        """Size of the depth images."""
        return sum(view.depth.nbytes for view in self.views)

    def with_view(self, view: FrameView) -> MapViews:
        """Return a copy with one more view; the same views if a recent one is near."""
        is_near = self._near(view.pose)
        near = [item for item, near in zip(self.views, is_near, strict=True) if near]
        if any(view.stamp_ns - item.stamp_ns < CONSTANTS.min_age_s * _NS_PER_S for item in near):
            return self
        kept = [item for item, near in zip(self.views, is_near, strict=True) if not near]
        stored = MapView(view.depth.astype(np.float16), view.intrinsics, view.pose, view.stamp_ns)
        return MapViews([*kept, stored][-CONSTANTS.max_views :])

    def nearest(
        self, pose: NDArray[np.float64], count: int, max_distance_m: float, max_angle_deg: float
    ) -> list[MapView]:
        """Return up to `count` views near a pose (4, 4), those of the most similar direction first."""
        distances, traces = self._compare(pose)
        is_near = (distances < max_distance_m) & (traces > _min_trace(max_angle_deg))
        order = np.argsort(-traces)
        return [self._views[index] for index in order[is_near[order]][:count]]

    def _near(self, pose: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which views are near a pose (4, 4)."""
        distances, traces = self._compare(pose)
        is_similar = traces > _min_trace(CONSTANTS.max_angle_deg)
        return np.asarray((distances < CONSTANTS.max_distance_m) & is_similar)

    def _compare(
        self, pose: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return distances (n,) [m] of the views, and traces (n,) of the rotations, to a pose."""
        distances = np.linalg.norm(self._poses[:, :3, 3] - pose[:3, 3], axis=1)
        return distances, np.sum(self._poses[:, :3, :3] * pose[:3, :3], axis=(1, 2))

    def evidence(self, points: Floats) -> NDArray[np.uint8]:
        """Return the state (n,) of points (n, 3) [m], as values of `Evidence`."""
        state = np.full(len(points), Evidence.UNSEEN, np.uint8)
        for view in self.views:
            is_free, is_occupied = _test(view, points)
            state[is_free] = Evidence.FREE
            state[is_occupied] = Evidence.OCCUPIED
        return state


def _min_trace(angle_deg: float) -> float:
    """Return the trace of a rotation by an angle [deg]."""
    return float(1 + 2 * np.cos(np.radians(angle_deg)))


def _test(view: MapView, points: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which points are in front of the surface of a view, and which are on it."""
    local = ((points - view.pose[:3, 3]) @ view.pose[:3, :3]).astype(np.float32)
    depth = view.depth.astype(np.float32)
    kernel = np.ones((view.window_px,) * 2, np.uint8)
    nearest = np.asarray(cv2.erode(np.nan_to_num(depth), kernel), np.float32)
    return compare_with_depth(local, depth, nearest, view.intrinsics)
