"""Alignment of the views of one map with the surfaces of another, before the maps are compared.

Two maps of one place have poses with different errors, so a surface of one may lie in front of that
of the other, as if it were new. Each view is aligned by itself, as the error differs between views.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scenerep_ros.config.constants import tuned
from scenerep_ros.mapping.poses.pose_gate import motion_between
from scenerep_ros.mapping.poses.pose_refinement import refine_pose
from scenerep_ros.mapping.views.map_views import MapView, MapViews


@dataclass(frozen=True)
class ViewAlignmentConstants:
    """Tuned constants of the alignment of views."""

    remaining_error_ratio: float = tuned(
        0.5,
        "ratio of the correction of an angle that is to be expected as its remaining error",
        set_on="argument: surfaces determine the angle to better than half of its error",
    )


CONSTANTS = ViewAlignmentConstants()


def align_views(views: MapViews, reference: MapViews) -> MapViews:
    """Align the views of a map with those of another.

    Args:
        views: views of the map.
        reference: views of the other map, in the same world frame up to the noise of poses.

    Returns:
        Views with refined poses, and the errors of their directions that remain to be expected. A
        view that agrees with the reference, or does not show it, is unchanged.
    """
    return MapViews([_align(view, reference) for view in views.views])


def _align(view: MapView, reference: MapViews) -> MapView:
    pose = refine_pose(view.depth.astype(np.float32), view.intrinsics, view.pose, reference)
    _, angle_deg = motion_between(view.pose, pose)
    return replace(view, pose=pose, angle_error_deg=CONSTANTS.remaining_error_ratio * angle_deg)
