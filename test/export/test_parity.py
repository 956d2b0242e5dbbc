"""Parity figures of an export."""

import numpy as np
import pytest

from scenerep_ros.export.parity import Parity, label_agreement
from scenerep_ros.frames import UNLABELLED


def image_of(*rows):
    return np.array(rows, np.uint16)


def test_label_agreement_ignores_ids():
    assert label_agreement(image_of([0, 1, 1, 2]), image_of([0, 7, 7, 3])) == 1


def test_label_agreement_counts_unmatched_objects_as_zero():
    assert label_agreement(image_of([0, 1, 1, 1]), image_of([0, 1, 1, 2])) == pytest.approx(1 / 3)
    assert label_agreement(image_of([0, 0, 0, 0]), image_of([0, 1, 1, 2])) == 0


def test_label_agreement_of_images_without_objects_is_one():
    assert label_agreement(image_of([0, 0]), image_of([0, 0])) == 1


def test_label_agreement_leaves_out_unlabelled_pixels():
    expected = image_of([1, UNLABELLED, 0])
    assert label_agreement(image_of([1, 1, 0]), expected) == 1


@pytest.mark.parametrize("value", [0.5, float("nan")])
def test_parity_below_the_floor_names_the_figure(value):
    parity = Parity(3, value, 0.1, 1.0, 0.0, 1.0, 1.0)
    (problem,) = parity.problems()
    assert problem.startswith("feature cosine")
    assert not Parity(3, 0.999, 0.1, 0.998, 0.1, 0.97, 0.5).problems()
