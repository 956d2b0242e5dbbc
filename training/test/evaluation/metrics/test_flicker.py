from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from moving_scene import HEIGHT, STEP, WIDTH, patches, still, wall_frame, window
from scenerep_training.evaluation.label_propagation.warping import last_places
from scenerep_training.evaluation.metrics.flicker import Flicker

from scenerep_ros.frames import UNLABELLED

PIXELS = HEIGHT * WIDTH


def flicker(labels, last, places):
    counter = Flicker()
    counter.add(labels, last, places)
    return counter.figures()


def block(top, bottom, value=1):
    labels = np.zeros((HEIGHT, WIDTH), np.uint16)
    labels[top:bottom, 20:40] = value
    return labels


def test_nothing_changes():
    figures = flicker(block(10, 30), block(10, 30), still())
    assert figures == {"flicker": 0, "object_flicker": 0, "compared": 1}


@pytest.mark.parametrize(
    ("before", "after"), [(block(10, 30), block(10, 30, 2)), (block(0, 0), block(10, 30))]
)
def test_an_object_that_changes_its_id_or_comes_out_of_nothing(before, after):
    for first, second in ((before, after), (after, before)):
        figures = flicker(second, first, still())
        # Of an object that goes, the outermost pixels are near the background that was there.
        lost = 400 if second.any() else 18 * 18
        assert figures["flicker"] == pytest.approx(lost / PIXELS)
        assert figures["object_flicker"] == pytest.approx(lost / 400)


@pytest.mark.parametrize(("moved", "rows"), [(1, 0), (2, 1), (5, 4)])
def test_a_border_may_move_by_a_pixel(moved, rows):
    figures = flicker(block(10, 30 + moved), block(10, 30), still())
    assert figures["flicker"] == pytest.approx(20 * rows / PIXELS)


def test_what_is_hidden_or_unlabelled_is_not_compared():
    before, after = block(10, 30), block(10, 30, 2)
    before[10:15, 20:40] = UNLABELLED
    after[25:30, 20:40] = UNLABELLED
    visible = np.ones((HEIGHT, WIDTH), bool)
    visible[15:20] = False
    figures = flicker(after, before, replace(still(), visible=visible))
    assert figures["compared"] == pytest.approx(1 - (2 * 100 + 5 * WIDTH) / PIXELS)
    assert figures["object_flicker"] == 1


@pytest.mark.parametrize("posed", [True, False])
def test_a_moving_camera_makes_no_flicker(posed):
    counter = Flicker()
    for index in range(1, 5):
        frames = (wall_frame(index - 1, posed), wall_frame(index, posed))
        last, labels = (window(patches((1, 2)), i) for i in (index - 1, index))
        assert flicker(labels, last, still())["object_flicker"] > 0.1
        counter.add(labels, last, last_places(*frames))
    assert counter.figures()["flicker"] == 0
    assert counter.figures()["compared"] > 0.9


@pytest.mark.parametrize("posed", [True, False])
def test_before_a_moving_camera_flicker_is_what_changed_on_the_wall(posed):
    last, labels = window(patches((1, 2)), 0), window(patches((1, 3)), 1)
    places = last_places(wall_frame(0, posed), wall_frame(1, posed))
    figures = flicker(labels, last, places)
    assert figures["object_flicker"] == pytest.approx(0.5, abs=0 if posed else 0.02)
    if posed:
        assert figures["flicker"] == 400 / (HEIGHT * (WIDTH - STEP))


def test_nothing_to_compare():
    figures = Flicker().figures()
    assert all(np.isnan(value) for value in figures.values())
    nowhere = replace(still(), visible=np.zeros((HEIGHT, WIDTH), bool))
    figures = flicker(block(10, 30), block(10, 30), nowhere)
    assert np.isnan(figures["flicker"])
    assert figures["compared"] == 0


def test_a_single_pixel():
    one, two = np.array([[1]], np.uint16), np.array([[2]], np.uint16)
    assert flicker(one, one, still((1, 1)))["flicker"] == 0
    assert flicker(two, one, still((1, 1)))["flicker"] == 1
