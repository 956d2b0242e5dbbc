"""Correction of noisy poses by the surfaces of earlier views."""

from dataclasses import replace

import numpy as np
import pytest
from box_world import Cuboid, make_frame, orbit
from scipy.spatial.transform import Rotation

from scenerep_ros.mapping.poses.pose_gate import motion_between
from scenerep_ros.mapping.poses.pose_refinement import refined_frame
from scenerep_ros.mapping.views.frame_view import view_frame
from scenerep_ros.mapping.views.map_views import MapViews

BOXES = [Cuboid(3, (0.4, 0.0)), Cuboid(5, (-0.4, 0.3), (0.2, 0.4, 0.5))]
POSES = orbit(12)


@pytest.fixture(scope="module")
def views():
    """Views of the exact poses but the last."""
    result = MapViews()
    for index, pose in enumerate(POSES[:-1]):
        frame, scene = make_frame(BOXES, pose, index)
        result = result.with_view(view_frame(frame, scene, 4.0))
    return result


def frame_at(offset_m=(0, 0, 0), turn_deg=(0, 0, 0)):
    frame, _ = make_frame(BOXES, POSES[-1], len(POSES))
    pose = POSES[-1].copy()
    pose[:3, 3] += offset_m
    pose[:3, :3] = pose[:3, :3] @ Rotation.from_euler("xyz", turn_deg, degrees=True).as_matrix()
    return replace(frame, pose=pose)


@pytest.mark.parametrize("turn_deg", [(1, 0, 0), (0, 1, 0), (0, 0, -1), (1, -1, 1)])
def test_noise_of_one_degree_is_reduced_to_a_third(views, turn_deg):
    noisy = frame_at((0.01, -0.01, 0.01), turn_deg)
    _, angle_deg = motion_between(refined_frame(noisy, views).pose, POSES[-1])
    assert angle_deg < motion_between(noisy.pose, POSES[-1])[1] / 3


@pytest.mark.parametrize("offset_m", [(0, 0, 0), (0.5, 0, 0)])
def test_exact_pose_and_wrong_pose_are_kept(views, offset_m):
    frame = frame_at(offset_m)
    assert np.array_equal(refined_frame(frame, views).pose, frame.pose)


def test_pose_of_the_first_frame_is_kept():
    frame = frame_at((0.01, 0, 0), (1, 0, 0))
    assert np.array_equal(refined_frame(frame, MapViews()).pose, frame.pose)
