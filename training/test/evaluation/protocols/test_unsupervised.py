"""The protocol `unsupervised`, and its choice of a foreground without annotations."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from layouts import write_davis
from scenerep_training.datasets.davis import list_davis_sequences
from scenerep_training.evaluation.metrics.j_and_f import contour_f
from scenerep_training.evaluation.metrics.masks import mask_iou
from scenerep_training.evaluation.protocols.unsupervised import Unsupervised, choose_foreground
from untrained import untrained_config

from scenerep_ros.errors import FrameError
from scenerep_ros.frames import UNLABELLED, SceneSegmentation
from scenerep_ros.pipeline import Pipeline

LABELS = np.zeros((40, 60), np.uint16)
LABELS[5:15, 5:15], LABELS[20:35, 20:30], LABELS[5:15, 40:50] = 7, 3, UNLABELLED


def speed_of(*labels):
    """Return a speed that is 2 in the objects with the labels and 0.1 elsewhere."""
    return np.where(np.isin(LABELS, labels), 2.0, 0.1).astype(np.float32)


def make_unsupervised(data, folder, **arguments):
    protocol = Unsupervised(data, untrained_config(192), **arguments)
    protocol.folder = folder
    return protocol


@pytest.mark.parametrize("moving", [(3,), (7,), (3, 7)])
def test_foreground_is_union_of_moving_objects(moving):
    foreground = choose_foreground(SceneSegmentation(LABELS, motion=speed_of(*moving)))
    np.testing.assert_array_equal(foreground, np.isin(LABELS, moving))


@pytest.mark.parametrize("motion", [None, speed_of()])
def test_foreground_without_moving_object_is_all_objects(motion):
    foreground = choose_foreground(SceneSegmentation(LABELS, motion=motion))
    np.testing.assert_array_equal(foreground, np.isin(LABELS, (3, 7)))


def test_foreground_of_coarser_motion_is_the_same():
    coarse = cv2.resize(speed_of(3), (30, 20), interpolation=cv2.INTER_AREA)
    foreground = choose_foreground(SceneSegmentation(LABELS, motion=coarse))
    np.testing.assert_array_equal(foreground, LABELS == 3)


def test_foreground_without_objects_is_empty():
    scene = SceneSegmentation(np.zeros_like(LABELS), motion=speed_of(3))
    assert not choose_foreground(scene).any()


def test_metrics_are_those_of_written_masks(tmp_path):
    data = write_davis(tmp_path / "data", sequences=("bear",), frames=5)
    protocol = make_unsupervised(data, tmp_path / "run")
    metrics = protocol.evaluate("bear").metrics
    sequence = list_davis_sequences(data)["bear"]
    j, f = [], []
    for index in (1, 2, 3):  # the first and the last frame are not scored
        path = tmp_path / "run" / "masks" / "bear" / f"{index:05d}.png"
        pair = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) == 255, sequence.ground_truth(index) > 0
        j.append(mask_iou(*pair))
        f.append(contour_f(*pair))
    assert metrics["j_mean"] == pytest.approx(np.mean(j))
    assert metrics["f_mean"] == pytest.approx(np.mean(f))


def test_masks_are_chosen_from_tracked_objects(tmp_path):
    data = write_davis(tmp_path / "data", sequences=("bear",), frames=4)
    protocol = make_unsupervised(data, tmp_path / "run")
    protocol.evaluate("bear")
    pipeline = Pipeline(protocol.config, protocol.pipeline.backbone)
    for index, frame in enumerate(list_davis_sequences(data)["bear"]):
        path = tmp_path / "run" / "masks" / "bear" / f"{index:05d}.png"
        written = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) == 255
        np.testing.assert_array_equal(written, choose_foreground(pipeline(frame)))


def test_sequence_without_scored_frame_raises_frame_error(tmp_path):
    data = write_davis(tmp_path / "data", sequences=("bear",), frames=2)
    with pytest.raises(FrameError, match="too few"):
        make_unsupervised(data, tmp_path).evaluate("bear")
