from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from moving_scene import (
    HEIGHT,
    STEP,
    WIDTH,
    crop_view,
    identity_warp,
    square_labels,
    wall_frame,
)
from scenerep_training.evaluation.label_propagation.warping import estimate_backward_warp
from scenerep_training.evaluation.metrics.flicker import Flicker

from scenerep_ros.frames import UNLABELLED

PIXELS = HEIGHT * WIDTH


def compute_flicker(labels, last_labels, warp):
    flicker = Flicker()
    flicker.update(labels, last_labels, warp)
    return flicker.compute()


def rectangle(top, bottom, label=1):
    labels = np.zeros((HEIGHT, WIDTH), np.uint16)
    labels[top:bottom, 20:40] = label
    return labels


def test_flicker_of_equal_frames_is_zero():
    metrics = compute_flicker(rectangle(10, 30), rectangle(10, 30), identity_warp())
    assert metrics == {"flicker": 0, "object_flicker": 0, "compared": 1}


@pytest.mark.parametrize(
    ("before", "after"),
    [(rectangle(10, 30), rectangle(10, 30, 2)), (rectangle(0, 0), rectangle(10, 30))],
    ids=["new id", "new object"],
)
def test_flicker_counts_changed_objects_in_both_directions(before, after):
    for last_labels, labels in ((before, after), (after, before)):
        metrics = compute_flicker(labels, last_labels, identity_warp())
        # The outermost pixels of a disappearing object are within a pixel of the background.
        changed = 400 if labels.any() else 18 * 18
        assert metrics["flicker"] == pytest.approx(changed / PIXELS)
        assert metrics["object_flicker"] == pytest.approx(changed / 400)


@pytest.mark.parametrize(("shift", "changed_rows"), [(1, 0), (2, 1), (5, 4)])
def test_flicker_tolerates_border_shift_of_one_pixel(shift, changed_rows):
    metrics = compute_flicker(rectangle(10, 30 + shift), rectangle(10, 30), identity_warp())
    assert metrics["flicker"] == pytest.approx(20 * changed_rows / PIXELS)


def test_flicker_skips_invisible_and_unlabelled_pixels():
    before, after = rectangle(10, 30), rectangle(10, 30, 2)
    before[10:15, 20:40] = UNLABELLED
    after[25:30, 20:40] = UNLABELLED
    visible = np.ones((HEIGHT, WIDTH), bool)
    visible[15:20] = False
    metrics = compute_flicker(after, before, replace(identity_warp(), visible=visible))
    assert metrics["compared"] == pytest.approx(1 - (2 * 100 + 5 * WIDTH) / PIXELS)
    assert metrics["object_flicker"] == 1


@pytest.mark.parametrize("posed", [True, False])
def test_flicker_compensates_camera_motion(posed):
    flicker = Flicker()
    for index in range(1, 5):
        last_frame, frame = wall_frame(index - 1, posed), wall_frame(index, posed)
        last_labels, labels = (crop_view(square_labels((1, 2)), i) for i in (index - 1, index))
        assert compute_flicker(labels, last_labels, identity_warp())["object_flicker"] > 0.1
        flicker.update(labels, last_labels, estimate_backward_warp(last_frame, frame))
    assert flicker.compute()["flicker"] == 0
    assert flicker.compute()["compared"] > 0.9


@pytest.mark.parametrize("posed", [True, False])
def test_flicker_under_camera_motion_counts_changed_object(posed):
    last_labels = crop_view(square_labels((1, 2)), 0)
    labels = crop_view(square_labels((1, 3)), 1)
    warp = estimate_backward_warp(wall_frame(0, posed), wall_frame(1, posed))
    metrics = compute_flicker(labels, last_labels, warp)
    assert metrics["object_flicker"] == pytest.approx(0.5, abs=0 if posed else 0.02)
    if posed:
        assert metrics["flicker"] == 400 / (HEIGHT * (WIDTH - STEP))


def test_flicker_without_compared_pixels_is_nan():
    assert all(np.isnan(value) for value in Flicker().compute().values())
    invisible = replace(identity_warp(), visible=np.zeros((HEIGHT, WIDTH), bool))
    metrics = compute_flicker(rectangle(10, 30), rectangle(10, 30), invisible)
    assert np.isnan(metrics["flicker"])
    assert metrics["compared"] == 0


def test_flicker_of_single_pixel_image():
    one, two = np.array([[1]], np.uint16), np.array([[2]], np.uint16)
    assert compute_flicker(one, one, identity_warp((1, 1)))["flicker"] == 0
    assert compute_flicker(two, one, identity_warp((1, 1)))["flicker"] == 1
