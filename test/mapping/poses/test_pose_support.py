"""Support of a pose by a frame and by the map."""

import numpy as np
import pytest
from box_world import Cuboid, make_frame, orbit

from scenerep_ros.config.options import MappingOptions
from scenerep_ros.mapping.poses.pose_support import measure_support
from scenerep_ros.mapping.scene_map import SceneMap
from scenerep_ros.mapping.views.frame_view import view_frame

BOXES = [Cuboid(3, (0.4, 0.0)), Cuboid(5, (-0.4, 0.3), (0.2, 0.4, 0.5))]
WITH_A_NEW_BOX = [*BOXES, Cuboid(9, (0.7, 0.4), (0.2, 0.2, 0.5))]


@pytest.fixture(scope="module")
def scene_map():
    scene_map = SceneMap(MappingOptions())
    for index, pose in enumerate(orbit(20)):
        scene_map.integrate(*make_frame(BOXES, pose, index))
    return scene_map


def support(scene_map, cuboids, true_pose, pose):
    """Return the support of a pose by a frame that has another one."""
    frame, scene = make_frame(cuboids, true_pose, known_pose=np.eye(4))
    view = view_frame(frame, scene, 4.0)
    return measure_support(view, view.points, pose, scene_map.points().positions, scene_map.views)


def test_true_pose_is_supported_from_both_sides(scene_map):
    (pose,) = orbit(1, start_deg=30)
    result = support(scene_map, BOXES, pose, pose)
    assert result.is_sufficient
    assert result.shared_ratio > 0.9
    assert result.map_agreement > 0.99


def test_unseen_surroundings_are_no_contradiction(scene_map):
    (pose,) = orbit(1, radius=3.2, height=1.6, start_deg=30)
    result = support(scene_map, BOXES, pose, pose)
    assert result.is_sufficient
    assert result.shared_ratio < 0.7
    assert result.free_ratio < 0.02


def test_surface_that_the_frame_sees_through_is_a_contradiction(scene_map):
    """The pose lies 40 cm below the true one, so the frame's floor is below that of the map."""
    (pose,) = orbit(1, start_deg=30)
    lowered = pose.copy()
    lowered[2, 3] -= 0.4
    result = support(scene_map, BOXES, pose, lowered)
    assert not result.is_sufficient
    assert result.map_agreement < 0.5


def test_new_object_lowers_the_support_by_the_frame(scene_map):
    (pose,) = orbit(1, start_deg=30)
    result = support(scene_map, WITH_A_NEW_BOX, pose, pose)
    assert result.free_ratio > 0.02
    assert result.score < support(scene_map, BOXES, pose, pose).score
    assert result.is_sufficient
