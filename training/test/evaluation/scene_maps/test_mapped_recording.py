"""Maps of recordings, measured against true labels."""

import numpy as np
import pytest
from box_world import Cuboid, make_frame, orbit
from scenerep_training.evaluation.scene_maps.disturbances import Disturbances
from scenerep_training.evaluation.scene_maps.mapped_recording import (
    compare_with_truth,
    matched_miou,
    played_position,
    run_map,
    run_metrics,
)
from scenerep_training.evaluation.scene_maps.segmenters import TrueSegmenter

from scenerep_ros.config.options import MappingOptions
from scenerep_ros.mapping.scene_map import SceneMap
from scenerep_ros.sources.base import Source

BOXES = [Cuboid(3, (0.4, 0.0)), Cuboid(5, (-0.4, 0.3), (0.2, 0.4, 0.5))]


class BoxSource(Source):
    """Recording of cuboids."""

    def __init__(self, count=12):
        super().__init__("boxes", 30.0)
        self._frames = [make_frame(BOXES, pose, i) for i, pose in enumerate(orbit(count))]

    def __len__(self):
        return len(self._frames)

    def __getitem__(self, index):
        return self._frames[index][0]

    def ground_truth(self, index):
        return self._frames[index][1].labels


@pytest.fixture(scope="module")
def run():
    source = BoxSource()
    return run_map(source, TrueSegmenter(), Disturbances((), 24), SceneMap(MappingOptions()), 2)


def test_map_of_true_masks_finds_all_objects_without_switches(run):
    metrics = run_metrics(run) | compare_with_truth(BoxSource(), run).metrics
    assert (metrics["frames"], metrics["rejected"], metrics["switches"]) == (24, 0, 0)
    assert (metrics["true_objects"], metrics["found_boxes"], metrics["false_boxes"]) == (2, 2, 0)
    assert metrics["frame_miou"] == pytest.approx(1)
    assert metrics["map_miou"] > 0.85


def test_objects_of_the_map_get_their_true_labels(run):
    labels = compare_with_truth(BoxSource(), run).true_label_of
    assert sorted(labels.values()) == [3, 5]


def test_played_position_runs_forward_and_backward_in_turn():
    assert [played_position(index, 3) for index in (0, 2, 3, 5, 6)] == [
        (0, 0),
        (0, 2),
        (1, 2),
        (1, 0),
        (2, 0),
    ]


def test_miou_counts_a_missing_and_a_divided_object():
    truth = np.zeros((20, 20), np.uint16)
    truth[:10], truth[12:] = 1, 2
    predicted = np.where(truth == 1, 7, 0).astype(np.uint16)
    assert matched_miou(predicted, truth) == pytest.approx(0.5)
    predicted[:5] = 8
    assert matched_miou(predicted, truth) == pytest.approx(0.25)


def test_disturbances_are_noise_an_outage_and_a_jump():
    source = BoxSource(3)
    disturb = Disturbances(("noise", "outage", "jump"), 6)
    frames = [disturb(source[0], index) for index in range(6)]
    error = np.linalg.norm(frames[0].pose[:3, 3] - source[0].pose[:3, 3])
    assert 0 < error < 0.1
    assert [frame.pose is None for frame in frames] == [False, False, True, True, True, True]
    jump = Disturbances(("jump",), 6)(source[0], 4)
    assert jump.pose[0, 3] - source[0].pose[0, 3] == pytest.approx(2)
