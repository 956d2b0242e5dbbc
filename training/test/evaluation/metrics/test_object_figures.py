"""Masks whose figures were worked out by hand, and the cases in which nothing can be measured."""

from __future__ import annotations

import numpy as np
import pytest
from scenerep_training.evaluation.metrics.objects import NAMES, object_figures

from scenerep_ros.frames import UNLABELLED


def blank(height=40, width=60):
    return np.zeros((height, width), np.uint16)


def boxes(*rows):
    """Label image of boxes (label, top, bottom, left, right)."""
    image = blank()
    for label, top, bottom, left, right in rows:
        image[top:bottom, left:right] = label
    return image


TWO = boxes((1, 5, 15, 5, 15), (2, 5, 15, 30, 40))


def test_a_perfect_prediction_whatever_its_labels():
    figures = object_figures(np.where(TWO > 0, 70 - TWO, 0), TWO)
    assert figures == dict.fromkeys(NAMES, 1.0) | {"objects": 2, "predicted": 2}


def test_half_an_object():
    # 50 of 100 pixels of one object, all of the other: 150 of 200 true, 150 of 150 predicted.
    predicted = boxes((1, 5, 10, 5, 15), (2, 5, 15, 30, 40))
    figures = object_figures(predicted, TWO)
    assert figures["overlap_precision"] == 1.0
    assert figures["overlap_recall"] == 0.75
    assert figures["overlap_f"] == pytest.approx(2 * 0.75 / 1.75)
    assert figures["best_iou"] == pytest.approx((0.5 + 1) / 2)
    assert figures["found_75"] == 0.5  # F of the half is 2 * 50 / 150 = 0.67


def test_two_objects_in_one_prediction_count_once():
    # One prediction of 200 pixels can be assigned to one object only: 100 hits.
    figures = object_figures((TWO > 0).astype(np.uint16), TWO)
    assert figures["overlap_precision"] == 0.5
    assert figures["overlap_recall"] == 0.5
    assert figures["found_75"] == 0.0
    assert figures["best_iou"] == 0.5  # 100 / 200, for both


def test_an_object_in_two_predictions_counts_its_larger_part():
    truth = boxes((1, 0, 10, 0, 10))
    predicted = boxes((1, 0, 10, 0, 7), (2, 0, 10, 7, 10))
    figures = object_figures(predicted, truth)
    assert figures["overlap_precision"] == figures["overlap_recall"] == 0.7
    assert figures["found_75"] == 1.0  # F = 2 * 70 / 170 = 0.82
    assert figures["best_iou"] == pytest.approx(0.7)


def test_assignment_takes_the_greatest_sum_and_not_the_greatest_first():
    # F of truth 1 with predictions 1 and 2 is 2*60/200 = 0.60 and 2*40/140 = 0.57; of truth 2 it
    # is 2*40/200 = 0.40 and 0. The greatest sum is 0.57 + 0.40, which takes 40 + 40 pixels.
    truth = boxes((1, 0, 10, 0, 10), (2, 0, 10, 10, 20))
    predicted = boxes((1, 0, 10, 4, 14), (2, 0, 10, 0, 4))
    figures = object_figures(predicted, truth)
    assert figures["overlap_precision"] == 80 / 140
    assert figures["overlap_recall"] == 80 / 200


@pytest.mark.parametrize(("shift", "hits"), [(0, 36), (1, 36), (2, 20)])
def test_outlines_match_within_the_tolerance(shift, hits):
    # 40 x 60 pixels: the tolerance is ceil(0.003 * 72.1) = 1 pixel. The outline of 10 x 10 pixels
    # has 36. Moved to the right by 2, the upper and the lower row keep 9 pixels each, and one
    # column the 2 pixels that touch the other outline's rows.
    truth = boxes((1, 10, 20, 10, 20))
    figures = object_figures(np.roll(truth, shift, axis=1), truth)
    assert prf(figures, "boundary") == pytest.approx([hits / 36] * 3)


def test_boundary_of_a_worked_case():
    # The left 30 columns of 40 x 60 pixels have an outline of 136 pixels, the left 35 one of 146.
    # Shared are the left column and the rows, as far as the narrower one reaches. Of the true
    # outline also 2 pixels of its right column, just below and above the wider one's rows; of the
    # predicted one also the 2 pixels of its rows that come after the corners of the narrower.
    truth, predicted = boxes((1, 0, 40, 0, 30)), boxes((1, 0, 40, 0, 35))
    figures = object_figures(predicted, truth)
    assert figures["boundary_recall"] == pytest.approx(100 / 136)
    assert figures["boundary_precision"] == pytest.approx(100 / 146)


def test_ignored_pixels_change_nothing():
    truth = TWO.copy()
    truth[:, 45:] = UNLABELLED
    predicted = TWO.copy()
    predicted[20:30, 50:60] = 9
    figures = object_figures(predicted, truth)
    assert figures == dict.fromkeys(NAMES, 1.0) | {"objects": 2, "predicted": 2}


def test_an_object_that_reaches_into_the_ignored_part_is_cut_for_both():
    truth = boxes((1, 5, 15, 30, 40))
    truth[:, 40:] = UNLABELLED
    figures = object_figures(boxes((3, 5, 15, 30, 60)), truth)
    assert figures["overlap_f"] == figures["boundary_f"] == figures["best_iou"] == 1.0


def test_unlabelled_predictions_are_no_object():
    predicted = TWO.copy()
    predicted[predicted == 0] = UNLABELLED
    assert object_figures(predicted, TWO)["predicted"] == 2


def prf(figures, kind):
    return [figures[f"{kind}_{name}"] for name in ("precision", "recall", "f")]


@pytest.mark.parametrize("kind", ["overlap", "boundary"])
@pytest.mark.parametrize(
    ("predicted", "truth", "expected"),
    [(blank(), TWO, [1, 0, 0]), (TWO, blank(), [0, 1, 0]), (blank(), blank(), [1, 1, 1])],
    ids=["no prediction", "no object", "neither"],
)
def test_vacuous_precision_and_recall(predicted, truth, expected, kind):
    assert prf(object_figures(predicted, truth), kind) == expected


def test_means_over_objects_are_undefined_without_objects():
    figures = object_figures(TWO, blank())
    assert np.isnan([figures["found_75"], figures["best_iou"]]).all()
    missed = object_figures(blank(), TWO)
    assert (missed["found_75"], missed["best_iou"]) == (0.0, 0.0)


def test_everything_ignored_is_undefined():
    figures = object_figures(TWO, np.full_like(TWO, UNLABELLED))
    assert list(figures) == list(NAMES)
    assert np.isnan(list(figures.values())).all()


def test_names_are_those_of_every_case():
    assert sorted(object_figures(TWO, TWO)) == sorted(NAMES)


@pytest.mark.parametrize("place", [(0, 0), (20, 30), (39, 59)])
def test_an_object_of_one_pixel(place):
    truth = blank()
    truth[place] = 5
    hit = object_figures(truth, truth)
    assert hit["overlap_f"] == hit["boundary_f"] == hit["found_75"] == hit["best_iou"] == 1.0
    miss = object_figures(np.roll(truth, 10, axis=0), truth)
    assert miss["overlap_f"] == miss["boundary_f"] == miss["best_iou"] == 0.0


def test_an_image_of_one_pixel():
    one = np.ones((1, 1), np.uint16)
    assert object_figures(one, one)["overlap_f"] == 1.0
    assert object_figures(one, 0 * one)["overlap_f"] == 0.0
