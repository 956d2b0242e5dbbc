from __future__ import annotations

import numpy as np
import pytest
from scenerep_training.evaluation.figures.film_strip import GAP_PX, FilmStrip


@pytest.mark.parametrize(
    ("length", "selected"), [(1, [0]), (2, [0, 1]), (9, [0, 4, 8]), (80, [0, 40, 79])]
)
def test_film_strip_selects_first_middle_and_last_frame(length, selected):
    strip = FilmStrip(length)
    assert [index for index in range(length) if strip.is_selected(index)] == selected


def test_picture_joins_frames_with_white_gaps():
    strip = FilmStrip(2)
    for value in (10, 20):
        strip.add(np.full((4, 6, 3), value, np.uint8))
    picture = strip.picture()
    assert picture.shape == (4, 12 + GAP_PX, 3)
    assert picture[0, :, 0].tolist() == [10] * 6 + [255] * GAP_PX + [20] * 6


def test_picture_without_frames_is_none():
    assert FilmStrip(5).picture() is None
