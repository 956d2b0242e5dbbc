"""Scene map from frames of a room of cuboids, whose truth is known exactly."""

from dataclasses import replace

import numpy as np
import pytest
from box_world import FRAME_PERIOD_NS, Cuboid, look_at, make_frame, orbit
from scipy.spatial.transform import Rotation

from scenerep_ros.config.options import MappingOptions
from scenerep_ros.frames import UNLABELLED
from scenerep_ros.mapping.scene_map import SceneMap

BOXES = [
    Cuboid(3, (0.4, 0.0)),
    Cuboid(5, (-0.4, 0.3), (0.2, 0.4, 0.5)),
    Cuboid(9, (0.0, -0.5), (0.25, 0.2, 0.35)),
]


def mapped(*passes, options=None):
    """Map the frames of several passes, each a pair of cuboids and poses; return all ids."""
    scene_map = SceneMap(options or MappingOptions())
    ids, index = [], 0
    for cuboids, poses in passes:
        for pose in poses:
            ids.append(scene_map.integrate(*make_frame(cuboids, pose, index)).ids)
            index += 1
    return scene_map, ids


def nearest(objects, x, y):
    return min(objects, key=lambda item: np.hypot(item.box.center[0] - x, item.box.center[1] - y))


def ids_of(history, label):
    return {ids[label] for ids in history if label in ids}


def test_map_finds_each_object_with_its_true_box():
    scene_map, _ = mapped((BOXES, orbit(60, stop_deg=300)))
    objects = scene_map.objects()
    assert len(objects) == 3
    for cuboid in BOXES:
        item = nearest(objects, *cuboid.center)
        np.testing.assert_allclose(item.box.center, (cuboid.low + cuboid.high) / 2, atol=0.03)
        np.testing.assert_allclose(np.sort(item.box.size), np.sort(cuboid.size), atol=0.04)
        assert item.confidence > 0.8
        assert item.moved_from is None


def test_object_keeps_its_id_after_leaving_the_view():
    away = [look_at((2, 0, 1.3), (4, y, 1.0)) for y in np.linspace(0, 2, 40)]
    _, history = mapped((BOXES, orbit(20)), (BOXES, away), (BOXES, orbit(20)))
    assert [len(ids_of(history, box.label)) for box in BOXES] == [1, 1, 1]
    assert all(not ids for ids in history[25:55])


def test_new_track_ids_of_a_returning_object_keep_its_id():
    scene_map = SceneMap(MappingOptions())
    for index, pose in enumerate(orbit(20)):
        first = scene_map.integrate(*make_frame(BOXES, pose, index)).ids
    for index, pose in enumerate(orbit(20), start=20):
        frame = make_frame(BOXES, pose, index, label_of={3: 103, 5: 105, 9: 109})
        second = scene_map.integrate(*frame).ids
    assert second == {label + 100: id_ for label, id_ in first.items()}
    assert len(scene_map.objects()) == 3


def test_removed_object_disappears_once_its_place_is_seen():
    scene_map, _ = mapped((BOXES, orbit(30)), (BOXES[1:], orbit(60)))
    objects = scene_map.objects()
    assert len(objects) == 2
    assert np.hypot(*(nearest(objects, 0.4, 0).box.center[:2] - (0.4, 0))) > 0.3


def test_removed_object_that_is_put_back_keeps_its_id():
    scene_map, history = mapped((BOXES, orbit(30)), (BOXES[1:], orbit(24)), (BOXES, orbit(30)))
    objects = scene_map.objects()
    assert len(objects) == 3
    assert nearest(objects, 0.4, 0).id == history[20][3]


def test_object_out_of_sight_stays_in_the_map():
    away = [look_at((2, 0, 1.3), (4, y, 1.0)) for y in np.linspace(0, 2, 100)]
    scene_map, _ = mapped((BOXES, orbit(30)), ([], away))
    assert len(scene_map.objects()) == 3


def test_object_carried_out_of_view_keeps_its_id_as_moved():
    away = [look_at((2, 0, 1.3), (4, y, 1.0)) for y in np.linspace(0, 2, 30)]
    moved = [BOXES[0].at(-0.3, -0.6), *BOXES[1:]]
    scene_map, history = mapped((BOXES, orbit(30)), (BOXES, away), (moved, orbit(60)))
    objects = scene_map.objects()
    item = nearest(objects, -0.3, -0.6)
    assert item.id == history[20][3]
    np.testing.assert_allclose(item.moved_from[:2], (0.4, 0), atol=0.06)
    assert len(objects) == 3


def test_twin_of_a_remaining_object_gets_another_id():
    """The twin has the feature of object 3 and a label of its own, as a tracker would give it."""
    twin = Cuboid(13, (-0.3, -0.6))
    scene_map = SceneMap(MappingOptions())
    for index, pose in enumerate([*orbit(30), *orbit(30)[::-1]]):
        cuboids = BOXES if index < 30 else [*BOXES, twin]
        frame, scene = make_frame(cuboids, pose, index)
        feature = {item.id: item.feature for item in scene.objects}.get(3)
        objects = tuple(
            replace(item, feature=feature) if item.id == 13 and feature is not None else item
            for item in scene.objects
        )
        scene_map.integrate(frame, replace(scene, objects=objects))
    objects = scene_map.objects()
    assert len(objects) == 4
    assert all(item.moved_from is None for item in objects)


def test_segments_that_most_frames_show_as_one_are_merged():
    halves = [Cuboid(3, (0.0, 0.0)), Cuboid(4, (0.3, 0.0))]
    scene_map = SceneMap(MappingOptions())
    for index, pose in enumerate(orbit(60)):
        label_of = None if index < 5 else {4: 3}
        scene_map.integrate(*make_frame(halves, pose, index, label_of))
    (item,) = scene_map.objects()
    np.testing.assert_allclose(np.sort(item.box.size), (0.3, 0.3, 0.6), atol=0.05)


def test_segment_that_most_frames_show_as_two_is_split():
    halves = [Cuboid(3, (0.0, 0.0)), Cuboid(4, (0.3, 0.0))]
    scene_map = SceneMap(MappingOptions())
    for index, pose in enumerate([*orbit(10), *orbit(40)[::-1]]):
        label_of = {4: 3} if index < 10 else None
        scene_map.integrate(*make_frame(halves, pose, index, label_of))
    objects = scene_map.objects()
    assert len(objects) == 2
    for item in objects:
        np.testing.assert_allclose(item.box.size, (0.3, 0.3, 0.3), atol=0.05)


def test_segment_of_a_single_frame_is_no_object():
    scene_map = SceneMap(MappingOptions())
    for index, pose in enumerate(orbit(30)):
        label_of = None if index == 10 else {3: 0}
        scene_map.integrate(*make_frame(BOXES, pose, index, label_of))
    assert len(scene_map.objects()) == 2


def test_labels_in_frame_are_the_consensus_of_all_frames():
    scene_map = SceneMap(MappingOptions())
    poses = orbit(30)
    for index, pose in enumerate(poses):
        label_of = {3: 0, 5: 9} if index % 4 == 3 else None
        ids = scene_map.integrate(*make_frame(BOXES, pose, index, label_of)).ids
    frame, truth = make_frame(BOXES, poses[10], 10)
    labels = scene_map.labels_in(frame)
    for label in (3, 5, 9):
        is_object = (truth.labels == label) & (labels != UNLABELLED)
        assert (labels[is_object] == ids.get(label, labels[is_object][0])).mean() > 0.85


def test_labels_in_frame_fill_the_gaps_between_sampled_pixels():
    scene_map, _ = mapped((BOXES, orbit(6, stop_deg=30)))
    frame, truth = make_frame(BOXES, orbit(6, stop_deg=30)[3], 3)
    labels = scene_map.labels_in(frame)
    assert (labels[np.isin(truth.labels, (3, 5, 9))] == UNLABELLED).mean() < 0.02


def test_segment_of_two_separate_times_is_an_object():
    scene_map = SceneMap(MappingOptions())
    for index in (0, 30):
        scene_map.integrate(*make_frame(BOXES, orbit(60)[index // 10], index))
    assert len(scene_map.objects()) == 3


@pytest.mark.parametrize("missing", ["depth", "intrinsics", "pose"])
def test_frame_without_an_input_is_left_out_and_counted(missing):
    scene_map = SceneMap(MappingOptions())
    frame, scene = make_frame(BOXES, orbit(1)[0])
    result = scene_map.integrate(replace(frame, **{missing: None}), scene)
    assert not result.is_integrated
    assert missing in result.reason
    assert scene_map.rejected == {result.reason: 1}
    assert scene_map.voxel_count == 0


def test_map_recovers_from_noisy_missing_and_wrong_poses():
    """Noise of 1 cm and 1 degree, no pose for ten frames, and one pose that is 2 m off."""
    rng = np.random.default_rng(1)
    scene_map = SceneMap(MappingOptions())
    for index, pose in enumerate(orbit(90)):
        noise = np.eye(4)
        noise[:3, 3] = rng.normal(0, 0.01, 3)
        noise[0, 3] += 2.0 if index == 40 else 0.0
        noise[:3, :3] = Rotation.from_rotvec(np.radians(rng.normal(0, 1, 3))).as_matrix()
        known_pose = None if 50 <= index < 60 else pose @ noise
        scene_map.integrate(*make_frame(BOXES, pose, index, known_pose=known_pose))
    objects = scene_map.objects()
    assert scene_map.rejected == {"implausible pose": 1, "no pose": 10}
    assert len(objects) == 3
    for cuboid in BOXES:
        item = nearest(objects, *cuboid.center)
        np.testing.assert_allclose(item.box.center[:2], cuboid.center, atol=0.04)


def test_map_continues_after_a_jump_that_later_poses_confirm():
    scene_map = SceneMap(MappingOptions())
    jump = np.eye(4)
    jump[0, 3] = 5.0
    for index, pose in enumerate(orbit(40)):
        known = pose if index < 20 else jump @ pose
        result = scene_map.integrate(*make_frame(BOXES, pose, index, known_pose=known))
    assert result.is_integrated
    assert scene_map.rejected == {"implausible pose": 5}


def test_map_stays_within_its_bounds_and_counts_drops():
    options = MappingOptions(max_voxels=3000, max_objects=2)
    scene_map, _ = mapped((BOXES, orbit(45, stop_deg=300)), options=options)
    assert len(scene_map.objects()) <= 2
    assert scene_map.voxel_count <= 3000
    assert scene_map.dropped["voxels"] > 0


def test_find_similar_ranks_the_object_of_the_feature_first():
    scene_map, history = mapped((BOXES, orbit(20)))
    _, scene = make_frame(BOXES, orbit(1)[0], 999)
    feature = next(item.feature for item in scene.objects if item.id == 9)
    (best, similarity), (_, second) = scene_map.find_similar(feature, 2)
    assert best.id == history[-1][9]
    assert similarity > 0.8 > second


def test_first_and_last_stamp_are_those_of_the_views():
    scene_map, _ = mapped((BOXES, orbit(20)), (BOXES[1:], orbit(20)[:-6:-1]))
    item = nearest(scene_map.objects(), *BOXES[1].center)
    assert item.first_seen_ns == 10**12
    assert item.last_seen_ns == 10**12 + 24 * FRAME_PERIOD_NS


def test_restored_map_continues_with_its_ids():
    first, history = mapped((BOXES, orbit(30)))
    second = SceneMap(MappingOptions())
    second.restore(first.snapshot())
    assert [item.id for item in second.objects()] == [item.id for item in first.objects()]
    for index, pose in enumerate(orbit(10), start=100):
        ids = second.integrate(*make_frame(BOXES, pose, index)).ids
    assert ids == history[-1]


def test_restored_points_of_no_object_join_no_new_one():
    """A map has points with the id of an object that is too scattered for a box."""
    snapshot = mapped((BOXES, orbit(30)))[0].snapshot()
    scattered, new = snapshot.objects[-1], Cuboid(13, (-0.6, -0.6))
    assert scattered.id == max(item.id for item in snapshot.objects)
    scene_map = SceneMap(MappingOptions())
    scene_map.restore(replace(snapshot, objects=snapshot.objects[:-1]))
    for index, pose in enumerate(orbit(15), start=100):
        scene_map.integrate(*make_frame([*BOXES, new], pose, index, {BOXES[-1].label: 0}))
    objects = scene_map.objects()
    assert len(objects) == 3
    np.testing.assert_allclose(nearest(objects, *new.center).box.center[:2], new.center, atol=0.1)


def test_vertical_of_a_tilted_world_is_that_of_the_floor():
    tilt = np.eye(4)
    tilt[:3, :3] = [[1, 0, 0], [0, 0, 1], [0, -1, 0]]
    scene_map = SceneMap(MappingOptions())
    for index, pose in enumerate(orbit(20)):
        scene_map.integrate(*make_frame(BOXES, pose, index, known_pose=tilt @ pose))
    np.testing.assert_allclose(scene_map.up, (0, 1, 0), atol=0.05)
