"""Support of a camera pose: surfaces that a frame and the map both show, and contradictions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.mapping.poses.registration import transform
from scenerep_ros.mapping.views.carving import compare_with_depth
from scenerep_ros.mapping.views.frame_view import FrameView
from scenerep_ros.mapping.views.map_views import Evidence, MapViews

Floats = NDArray[np.float32]
Pose = NDArray[np.float64]

_SET_ON = (
    "second walks of patrols 51 and 52, and frames of other rooms and recordings, with 60 pairs and "
    "200 triplets: all right poses and no wrong one"
)


@dataclass(frozen=True)
class PoseSupportConstants:
    """Tuned constants of the support of a pose."""

    contradiction_weight: float = tuned(
        2.0, "weight of a point in free space against a point on a surface", set_on=_SET_ON
    )
    min_support: float = tuned(
        0.4,
        "ratio of the frame's points on surfaces of the map, less those in its free space",
        set_on=_SET_ON,
    )
    min_map_agreement: float = tuned(
        0.9,
        "ratio of the map's points in front of or on the frame's surface that must be on it",
        set_on=_SET_ON,
    )


CONSTANTS = PoseSupportConstants()


@dataclass(frozen=True)
class PoseSupport:
    """Comparison of a frame with the map at a pose.

    Attributes:
        shared_ratio: ratio of the frame's points that are on a surface of the map.
        free_ratio: ratio of the frame's points that are in space that the map has seen to be free.
        map_agreement: ratio of the map's points in front of or on the surface of the frame that are
            on it.
    """

    shared_ratio: float
    free_ratio: float
    map_agreement: float

    @property
    def score(self) -> float:
        """Support of the pose by the frame's points, at most 1."""
        return self.shared_ratio - CONSTANTS.contradiction_weight * self.free_ratio

    @property
    def is_sufficient(self) -> bool:
        """Return whether enough surfaces agree, and few contradict."""
        return (
            self.score >= CONSTANTS.min_support
            and self.map_agreement >= CONSTANTS.min_map_agreement
        )


def measure_support(
    view: FrameView, sample: Floats, pose: Pose, map_points: Floats, map_views: MapViews
) -> PoseSupport:
    """Compare a frame with the map in both directions.

    Space that only one of both has seen says nothing, so a frame may show much that is new.

    Args:
        view: the frame.
        sample: (n, 3) points of the frame, camera coordinates [m].
        pose: (4, 4) assumed pose, camera to world.
        map_points: (m, 3) points of the map [m].
        map_views: views of the map.
    """
    states = map_views.evidence(transform(sample, pose).astype(np.float32))
    local = replace(view, pose=pose).to_camera(map_points)
    is_in_front, is_on_surface = compare_with_depth(
        local, view.depth, view.nearest_depth, view.intrinsics
    )
    on_surface, in_front = int(is_on_surface.sum()), int(is_in_front.sum())
    return PoseSupport(
        shared_ratio=float((states == Evidence.OCCUPIED).mean()),
        free_ratio=float((states == Evidence.FREE).mean()),
        map_agreement=on_surface / max(on_surface + in_front, 1),
    )
