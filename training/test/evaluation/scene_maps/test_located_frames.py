"""Frames that are located in a map of other frames."""

from dataclasses import replace

import numpy as np
from box_world import Cuboid, make_frame, orbit
from scenerep_training.evaluation.scene_maps.located_frames import locate_frames

from scenerep_ros.config.options import MappingOptions
from scenerep_ros.mapping.scene_map import SceneMap

BOXES = [
    Cuboid(3, (0.4, 0.0)),
    Cuboid(5, (-0.4, 0.3), (0.2, 0.4, 0.5)),
    Cuboid(9, (0.0, -0.5), (0.25, 0.2, 0.35)),
]


def locate(boxes, shift_m=0.0):
    """Locate three of 49 frames in the map of the even ones, in a world that is shifted."""
    frames = [make_frame(boxes, pose, i) for i, pose in enumerate(orbit(49, stop_deg=120))]
    scene_map = SceneMap(MappingOptions())
    for frame, scene in frames[::2]:
        scene_map.integrate(frame, scene)
    shift = np.eye(4)
    shift[:3, 3] = shift_m
    source = [replace(frame, pose=shift @ frame.pose) for frame, _ in frames]
    scenes = {index: scene for index, (_, scene) in enumerate(frames)}
    return locate_frames(scene_map, source, scenes, range(5, 49, 20))


def test_located_frames_of_three_objects_have_their_poses():
    metrics = locate(BOXES)
    assert (metrics["unposed"], metrics["located"], metrics["wrong_poses"]) == (3, 3, 0)
    assert metrics["located_cm"] < 3
    assert metrics["located_deg"] < 1.5


def test_located_frames_count_as_wrong_beyond_the_largest_error():
    metrics = locate(BOXES, shift_m=0.3)
    assert (metrics["located"], metrics["wrong_poses"]) == (0, 3)
    assert "located_cm" not in metrics


def test_located_frames_of_two_objects_have_no_pose():
    metrics = locate(BOXES[:2])
    assert (metrics["unposed"], metrics["located"], metrics["wrong_poses"]) == (3, 0, 0)
