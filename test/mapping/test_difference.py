"""Changes between two maps of one room."""

from dataclasses import replace

import numpy as np
import pytest
from box_world import Cuboid, look_at, make_frame, orbit
from scipy.spatial.transform import Rotation

from scenerep_ros.config.options import MappingOptions
from scenerep_ros.errors import SourceError
from scenerep_ros.mapping.difference import compare_maps
from scenerep_ros.mapping.scene_map import SceneMap

BOXES = [Cuboid(3, (0.5, 0.0)), Cuboid(5, (-0.5, 0.4)), Cuboid(9, (0.0, -0.6))]
POST = Cuboid(11, (0.6, 0.7), (0.06, 0.06, 0.8))
NO_ERROR = np.eye(4)
LIFT = np.zeros((4, 4))
LIFT[2, 3] = 0.7


def snapshot(cuboids, poses, label_of=None, error=NO_ERROR):
    """Return a map of frames whose poses have an error (4, 4) in the camera."""
    scene_map = SceneMap(MappingOptions())
    for index, pose in enumerate(poses):
        frame, scene = make_frame(cuboids, pose, index, label_of)
        scene_map.integrate(replace(frame, pose=pose @ error), scene)
    return scene_map.snapshot()


def pose_error(*turn_deg):
    """Return the error of a camera that is mounted with a wrong angle about each axis [deg]."""
    error = np.eye(4)
    error[:3, :3] = Rotation.from_euler("xyz", turn_deg, degrees=True).as_matrix()
    error[:3, 3] = 0.01, -0.01, 0.01
    return error


def places(items):
    return [[round(x, 1) for x in item.box.center[:2].tolist()] for item in items]


def test_maps_of_an_unchanged_room_have_no_difference():
    before, after = snapshot(BOXES, orbit(30)), snapshot(BOXES, orbit(40, start_deg=10))
    difference = compare_maps(before, after)
    assert not difference.added
    assert not difference.removed
    assert not difference.moved
    assert not difference.problem
    assert difference.overlap > 0.5
    assert difference.agreement > 0.95


@pytest.mark.parametrize("turn_deg", [(2, 0, 0), (0, 2, 0)])
def test_unchanged_room_with_pose_errors_has_no_difference(turn_deg):
    room = [*BOXES, POST]
    after = snapshot(room, orbit(30), error=pose_error(*turn_deg))
    difference = compare_maps(snapshot(room, orbit(30)), after)
    assert not difference.added
    assert not difference.removed
    assert not difference.moved
    assert difference.agreement > 0.95


def test_changes_between_maps_with_pose_errors_are_named():
    changed = [*BOXES[:2], Cuboid(17, (0.2, 0.7))]
    after = snapshot(changed, orbit(30), error=pose_error(0, 2, 0))
    difference = compare_maps(snapshot(BOXES, orbit(30)), after)
    assert places(difference.removed) == [[0.0, -0.6]]
    assert [item.box.center[:2].round(0).tolist() for item in difference.added] == [[0, 1]]


def test_maps_in_other_world_frames_are_not_comparable():
    before, after = snapshot(BOXES, orbit(30)), snapshot(BOXES, orbit(30))
    raised = after.points.positions + np.float32([0, 0, 0.7])
    views = [replace(view, pose=view.pose + LIFT) for view in after.views.views]
    after = replace(
        after, points=replace(after.points, positions=raised), views=type(after.views)(views)
    )
    assert "of the common surface is unchanged" in compare_maps(before, after).problem


def test_maps_of_separate_rooms_have_no_common_surface():
    before = snapshot(BOXES, orbit(20))
    away = [look_at((2, 0, 1.3), (4, y, 1.0)) for y in np.linspace(0, 1, 20)]
    assert compare_maps(before, snapshot(BOXES, away)).problem


def test_maps_of_different_networks_are_refused():
    before = snapshot(BOXES, orbit(20))
    other = tuple(replace(item, feature=item.feature[:8]) for item in before.objects)
    with pytest.raises(SourceError, match="features of 8 and 32 channels"):
        compare_maps(before, replace(before, objects=other))


def test_added_removed_and_moved_objects_are_named_and_no_others():
    changed = [BOXES[0].at(0.9, -0.8), BOXES[1], Cuboid(17, (0.2, 0.7))]
    difference = compare_maps(snapshot(BOXES, orbit(30)), snapshot(changed, orbit(30)))
    assert places(difference.added) == [[0.2, 0.7]]
    assert places(difference.removed) == [[0.0, -0.6]]
    (move,) = difference.moved
    assert places([move.before, move.after]) == [[0.5, 0.0], [0.9, -0.8]]
    np.testing.assert_allclose(move.distance, np.hypot(0.4, 0.8), atol=0.05)


def test_object_that_is_only_not_segmented_is_no_change():
    after = snapshot(BOXES, orbit(30), label_of={3: 0, 9: 0})
    difference = compare_maps(snapshot(BOXES, orbit(30)), after)
    assert not difference.removed


def test_object_whose_place_was_not_seen_again_is_unseen():
    away = [look_at((2, 0, 1.3), (4, y, 1.0)) for y in np.linspace(0, 1, 20)]
    difference = compare_maps(snapshot(BOXES, orbit(30)), snapshot([], away))
    assert len(difference.unseen) == 3
    assert not difference.removed


def test_feature_that_also_resembles_an_unchanged_object_is_no_move():
    """Three alike objects: one was removed, another added, and the third one stayed."""
    before, after = (
        snapshot(BOXES, orbit(30)),
        snapshot([*BOXES[:2], Cuboid(17, (0.2, 0.7))], orbit(30)),
    )
    stayed = before.objects[1].feature

    def alike(scene, place, noise):
        """Return a map in which the object at a place resembles the one that stayed."""
        rng = np.random.default_rng(noise)
        objects = [
            replace(item, feature=stayed + 0.1 * rng.normal(size=stayed.shape).astype(np.float32))
            if places([item]) == [place]
            else item
            for item in scene.objects
        ]
        return replace(scene, objects=tuple(objects))

    difference = compare_maps(alike(before, [0.0, -0.6], 1), alike(after, [0.2, 0.7], 2))
    assert not difference.moved
    assert places(difference.removed) == [[0.0, -0.6]]
    assert places(difference.added) == [[0.2, 0.7]]
