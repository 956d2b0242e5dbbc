from __future__ import annotations

import numpy as np
import pytest
from scenerep_training.evaluation.metrics.objects import METRIC_NAMES, object_metrics

from scenerep_ros.frames import UNLABELLED


def empty_labels(height=40, width=60):
    return np.zeros((height, width), np.uint16)


def box_labels(*boxes):
    """Label image of boxes (label, top, bottom, left, right)."""
    image = empty_labels()
    for label, top, bottom, left, right in boxes:
        image[top:bottom, left:right] = label
    return image


TWO_OBJECTS = box_labels((1, 5, 15, 5, 15), (2, 5, 15, 30, 40))
PERFECT = dict.fromkeys(METRIC_NAMES, 1.0) | {"objects": 2, "predicted": 2}


def scores(metrics, kind):
    return [metrics[f"{kind}_{name}"] for name in ("precision", "recall", "f")]


def test_perfect_prediction_scores_one_for_any_labels():
    assert object_metrics(np.where(TWO_OBJECTS > 0, 70 - TWO_OBJECTS, 0), TWO_OBJECTS) == PERFECT


def test_partial_prediction_lowers_recall_only():
    # 50 of 100 pixels of one object, all of the other: 150 of 200 true, 150 of 150 predicted.
    predicted = box_labels((1, 5, 10, 5, 15), (2, 5, 15, 30, 40))
    metrics = object_metrics(predicted, TWO_OBJECTS)
    assert metrics["overlap_precision"] == 1.0
    assert metrics["overlap_recall"] == 0.75
    assert metrics["overlap_f"] == pytest.approx(2 * 0.75 / 1.75)
    assert metrics["best_iou"] == pytest.approx((0.5 + 1) / 2)
    assert metrics["found_75"] == 0.5  # the F-measure of the half is 2 * 50 / 150 = 0.67


def test_merged_objects_are_assigned_once():
    # One prediction of 200 pixels can be assigned to one object only: 100 hits.
    metrics = object_metrics((TWO_OBJECTS > 0).astype(np.uint16), TWO_OBJECTS)
    assert metrics["overlap_precision"] == 0.5
    assert metrics["overlap_recall"] == 0.5
    assert metrics["found_75"] == 0.0
    assert metrics["best_iou"] == 0.5  # 100 / 200, for both


def test_split_object_counts_its_larger_part():
    truth = box_labels((1, 0, 10, 0, 10))
    predicted = box_labels((1, 0, 10, 0, 7), (2, 0, 10, 7, 10))
    metrics = object_metrics(predicted, truth)
    assert metrics["overlap_precision"] == metrics["overlap_recall"] == 0.7
    assert metrics["found_75"] == 1.0  # F = 2 * 70 / 170 = 0.82
    assert metrics["best_iou"] == pytest.approx(0.7)


def test_assignment_maximizes_sum_of_f_measures():
    # F of truth 1 with predictions 1 and 2 is 2*60/200 = 0.60 and 2*40/140 = 0.57; of truth 2 it
    # is 2*40/200 = 0.40 and 0. The maximum sum is 0.57 + 0.40, which takes 40 + 40 pixels.
    truth = box_labels((1, 0, 10, 0, 10), (2, 0, 10, 10, 20))
    predicted = box_labels((1, 0, 10, 4, 14), (2, 0, 10, 0, 4))
    metrics = object_metrics(predicted, truth)
    assert metrics["overlap_precision"] == 80 / 140
    assert metrics["overlap_recall"] == 80 / 200


@pytest.mark.parametrize(("shift", "hits"), [(0, 36), (1, 36), (2, 20)])
def test_boundary_matches_within_tolerance(shift, hits):
    # 40 x 60 pixels: the tolerance is ceil(0.003 * 72.1) = 1 pixel. The outline of 10 x 10 pixels
    # has 36. Shifted to the right by 2, the upper and the lower row keep 9 pixels each, and one
    # column the 2 pixels that touch the other outline's rows.
    truth = box_labels((1, 10, 20, 10, 20))
    metrics = object_metrics(np.roll(truth, shift, axis=1), truth)
    assert scores(metrics, "boundary") == pytest.approx([hits / 36] * 3)


def test_boundary_of_wider_box_matches_hand_calculation():
    # The left 30 columns of 40 x 60 pixels have an outline of 136 pixels, the left 35 one of 146.
    # They share the left column and the rows, as far as the narrower one reaches. Of the true
    # outline, 2 pixels of its right column match as well, next to the wider one's rows; of the
    # predicted one, the 2 pixels of its rows beyond the corners of the narrower.
    truth, predicted = box_labels((1, 0, 40, 0, 30)), box_labels((1, 0, 40, 0, 35))
    metrics = object_metrics(predicted, truth)
    assert metrics["boundary_recall"] == pytest.approx(100 / 136)
    assert metrics["boundary_precision"] == pytest.approx(100 / 146)


def test_predictions_in_ignored_region_do_not_count():
    truth = TWO_OBJECTS.copy()
    truth[:, 45:] = UNLABELLED
    predicted = TWO_OBJECTS.copy()
    predicted[20:30, 50:60] = 9
    assert object_metrics(predicted, truth) == PERFECT


def test_objects_are_cut_at_ignored_region():
    truth = box_labels((1, 5, 15, 30, 40))
    truth[:, 40:] = UNLABELLED
    metrics = object_metrics(box_labels((3, 5, 15, 30, 60)), truth)
    assert metrics["overlap_f"] == metrics["boundary_f"] == metrics["best_iou"] == 1.0


def test_unlabelled_predictions_are_no_object():
    predicted = TWO_OBJECTS.copy()
    predicted[predicted == 0] = UNLABELLED
    assert object_metrics(predicted, TWO_OBJECTS)["predicted"] == 2


@pytest.mark.parametrize("kind", ["overlap", "boundary"])
@pytest.mark.parametrize(
    ("predicted", "truth", "expected"),
    [
        (empty_labels(), TWO_OBJECTS, [1, 0, 0]),
        (TWO_OBJECTS, empty_labels(), [0, 1, 0]),
        (empty_labels(), empty_labels(), [1, 1, 1]),
    ],
    ids=["no prediction", "no object", "neither"],
)
def test_precision_and_recall_of_empty_images_are_defined(predicted, truth, expected, kind):
    assert scores(object_metrics(predicted, truth), kind) == expected


def test_object_means_without_objects_are_nan():
    metrics = object_metrics(TWO_OBJECTS, empty_labels())
    assert np.isnan([metrics["found_75"], metrics["best_iou"]]).all()


def test_object_means_without_predictions_are_zero():
    metrics = object_metrics(empty_labels(), TWO_OBJECTS)
    assert (metrics["found_75"], metrics["best_iou"]) == (0.0, 0.0)


def test_fully_ignored_image_has_nan_metrics():
    metrics = object_metrics(TWO_OBJECTS, np.full_like(TWO_OBJECTS, UNLABELLED))
    assert list(metrics) == list(METRIC_NAMES)
    assert np.isnan(list(metrics.values())).all()


@pytest.mark.parametrize("position", [(0, 0), (20, 30), (39, 59)])
def test_object_of_one_pixel_is_scored(position):
    truth = empty_labels()
    truth[position] = 5
    hit = object_metrics(truth, truth)
    assert hit["overlap_f"] == hit["boundary_f"] == hit["found_75"] == hit["best_iou"] == 1.0
    miss = object_metrics(np.roll(truth, 10, axis=0), truth)
    assert miss["overlap_f"] == miss["boundary_f"] == miss["best_iou"] == 0.0


def test_image_of_one_pixel_is_scored():
    one = np.ones((1, 1), np.uint16)
    assert object_metrics(one, one)["overlap_f"] == 1.0
    assert object_metrics(one, 0 * one)["overlap_f"] == 0.0
