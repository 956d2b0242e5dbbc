from __future__ import annotations

import numpy as np
from scenerep_training.evaluation.figures.pictures import draw_comparison, draw_contours

from scenerep_ros.frames import UNLABELLED
from scenerep_ros.render import id_colors

COLOR = np.full((40, 60, 3), 100, np.uint8)


def box_labels():
    labels = np.zeros((40, 60), np.uint16)
    labels[10:30, 20:40] = 3
    return labels


def test_draw_contours_colors_borders_of_objects_only():
    picture = draw_contours(COLOR, box_labels())
    assert (picture[10, 20:40] == id_colors(3)).all()
    assert (picture[10:30, 39] == id_colors(3)).all()
    assert (picture[20, 30] == 100).all()
    assert (picture[:9] == 100).all()


def test_draw_contours_grays_unlabelled_pixels():
    labels = box_labels()
    labels[35:] = UNLABELLED
    picture = draw_contours(COLOR, labels)
    assert (picture[36] == 50 + id_colors(UNLABELLED) // 2).all()
    assert (picture[34] == 100).all()


def test_draw_contours_keeps_its_input():
    color = COLOR.copy()
    draw_contours(color, box_labels())
    np.testing.assert_array_equal(color, COLOR)


def test_draw_comparison_joins_image_truth_and_prediction():
    labels = box_labels()
    picture = draw_comparison(COLOR, labels, labels > 0)
    assert picture.shape == (40, 180, 3)
    np.testing.assert_array_equal(picture[:, :60], COLOR)
    np.testing.assert_array_equal(picture[:, 60:120], draw_contours(COLOR, labels))
    assert (picture[20, 150] != 100).any()
