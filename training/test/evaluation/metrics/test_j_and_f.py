"""J&F metrics against davisvideochallenge/davis2017-evaluation at commit ac7c43f.

The published values are the results of its db_eval_iou, db_eval_boundary and db_statistics on the
same arrays.
"""

from __future__ import annotations

import numpy as np
import pytest
from scenerep_training.datasets.davis import read_ids
from scenerep_training.evaluation.metrics.j_and_f import (
    contour_f,
    extract_contour,
    sequence_statistics,
)
from scenerep_training.evaluation.metrics.masks import mask_iou

V, U = np.mgrid[:120, :160]
DISK = (U - 80) ** 2 + (V - 60) ** 2 <= 40**2
PUBLISHED = {
    "moved": (
        (U - 88) ** 2 / 1.2 + (V - 57) ** 2 <= 38**2,
        0.7604790419161677,
        0.18630292990992856,
    ),
    "cut": (DISK & (U < 95), 0.7249751243781094, 0.6814844215122048),
    "square": ((abs(U - 80) < 30) & (abs(V - 60) < 30), 0.6887035934087751, 0.1858108108108108),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_j_and_f_equal_published_benchmark(name):
    mask, j, f = PUBLISHED[name]
    assert mask_iou(mask, DISK) == pytest.approx(j, abs=1e-12)
    assert contour_f(mask, DISK) == pytest.approx(f, abs=1e-12)


@pytest.mark.parametrize(
    ("sequence", "j", "f"),
    [
        ("blackswan", 0.6743133234535821, 0.422332664340032),
        ("dog", 0.4653151835343923, 0.1533371046957135),
        ("motocross-jump", 0.302097667393858, 0.20177983185014015),
    ],
)
def test_j_and_f_of_davis_masks_equal_published_benchmark(real_data, sequence, j, f):
    """The masks are five frames apart."""
    folder = real_data("davis2016") / "Annotations" / "480p" / sequence
    first, later = (read_ids(folder / f"{index:05d}.png") == 1 for index in (0, 5))
    assert mask_iou(first, later) == pytest.approx(j, abs=1e-12)
    assert contour_f(first, later) == pytest.approx(f, abs=1e-12)


@pytest.mark.parametrize(
    ("frames", "published"),
    [
        (3, (0.543222472408717, 0.6666666666666666, -0.6633408863696146)),
        (6, (0.5297746936200917, 0.5, -0.02077684530391699)),
        (9, (0.6293270205145324, 0.6666666666666666, -0.285209201894697)),
        (22, (0.631029359773457, 0.6818181818181818, -0.15970227932055736)),
    ],
)
def test_sequence_statistics_equal_published_benchmark(frames, published):
    values = np.abs(np.sin(np.arange(frames) * 0.7))
    assert sequence_statistics(values) == pytest.approx(published, abs=1e-12)


def test_sequence_statistics_decay_compares_first_and_last_quarter():
    """9 frames have the quarters 0-2, 2-4, 4-6, 6-8."""
    values = [1.0, 1.0, 0.7, 0.5, 0.5, 0.5, 0.4, 0.1, 0.1]
    result = sequence_statistics(values)
    assert result.decay == pytest.approx(2.7 / 3 - 0.6 / 3)
    assert result.recall == pytest.approx(3 / 9)  # a value of 0.5 is not above 0.5


def test_sequence_statistics_of_one_frame_has_no_decay():
    assert sequence_statistics([0.6]) == (0.6, 1.0, 0.0)


def test_extract_contour_of_square_is_half_pixel_up_left():
    mask = np.zeros((6, 6), bool)
    mask[2:4, 2:4] = True
    expected = np.zeros((6, 6), bool)
    expected[1:4, 1:4] = True
    expected[2, 2] = False
    np.testing.assert_array_equal(extract_contour(mask), expected)


def test_extract_contour_excludes_image_border():
    assert not extract_contour(np.ones((5, 7), bool)).any()
    half = np.zeros((5, 7), bool)
    half[:, :3] = True
    assert np.argwhere(extract_contour(half)).tolist() == [[row, 2] for row in range(5)]


def test_contour_f_matches_within_tolerance():
    """60x80 pixels have a diagonal of 100, so the tolerance of 0.008 is 1 pixel."""
    left, near, far = (np.broadcast_to(np.arange(80) < edge, (60, 80)) for edge in (40, 41, 42))
    assert contour_f(left, near) == 1.0
    assert contour_f(left, far) == 0.0


@pytest.mark.parametrize(
    ("predicted", "truth", "j", "f"),
    [
        ([[0, 0]], [[0, 0]], 1, 1),
        ([[1, 0]], [[0, 0]], 0, 0),
        ([[0, 0]], [[0, 1]], 0, 0),
        ([[1, 1]], [[1, 1]], 1, 1),
        ([[1, 1]], [[0, 0]], 0, 1),
        ([[1]], [[1]], 1, 1),
        ([[0]], [[1]], 0, 1),
    ],
)
def test_j_and_f_of_empty_and_full_masks_are_defined(predicted, truth, j, f):
    """A mask that is empty or fills the image has no contour."""
    predicted, truth = np.array(predicted, bool), np.array(truth, bool)
    assert mask_iou(predicted, truth) == j
    assert contour_f(predicted, truth) == f
