from __future__ import annotations

import numpy as np
from scenerep_training.evaluation.figures.attention_figure import (
    GAP,
    HEAD_WIDTH,
    IMAGE_WIDTH,
    TITLE_HEIGHT,
    draw_attention_figure,
    draw_heads,
    image_tile,
)


def test_draw_heads_arranges_maps_in_grid():
    heads = np.random.default_rng(0).random((4, 3, 5)).astype(np.float32)
    picture = draw_heads(heads, (60, 100))
    assert picture.shape[1] == 2 * HEAD_WIDTH
    assert (picture[0] == 255).all()  # border


def test_image_tile_keeps_aspect_ratio():
    assert image_tile(np.zeros((60, 100, 3), np.uint8)).shape == (192, IMAGE_WIDTH, 3)


def test_draw_attention_figure_aligns_columns_below_titles():
    small, large = np.zeros((30, 80, 3), np.uint8), np.zeros((50, 120, 3), np.uint8)
    figure = draw_attention_figure([[small, large], [small, large]], ["image", "model"])
    assert figure.shape == (TITLE_HEIGHT + GAP + 2 * (50 + GAP), 80 + 120 + 2 * GAP, 3)
    assert (figure[TITLE_HEIGHT + GAP + 40, 10] == 255).all()  # below the smaller tile
    assert (figure[TITLE_HEIGHT + GAP + 40, 100] == 0).all()
    assert (figure[:TITLE_HEIGHT, :80] < 255).any()  # title
