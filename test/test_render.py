"""Colours of ids, overlays and attention montages."""

import cv2
import numpy as np
import pytest

from scenerep_ros.frames import BACKGROUND, MAX_ID, UNLABELLED
from scenerep_ros.render import (
    attention_montage,
    blend_labels,
    colorize_heatmap,
    draw_overlay,
    draw_text,
    id_colors,
    make_grid,
    paint_labels,
)


def cielab(rgb: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(rgb[None].astype(np.float32) / 255, cv2.COLOR_RGB2Lab)[0]


@pytest.fixture
def scene() -> tuple[np.ndarray, np.ndarray]:
    color = np.full((120, 160, 3), 200, np.uint8)
    labels = np.zeros((120, 160), np.uint16)
    labels[20:80, 20:70] = 3
    labels[20:80, 70:130] = 65000
    labels[100:] = UNLABELLED
    return color, labels


def test_id_colors_of_neighboring_ids_differ_visibly():
    lab = cielab(id_colors(np.arange(1, 200)))
    for start in range(0, len(lab) - 20, 7):
        window = lab[start : start + 20]
        distance = np.linalg.norm(window[:, None] - window, axis=-1)
        assert distance[~np.eye(20, dtype=bool)].min() > 15  # 2.3 is just noticeable


def test_id_colors_are_saturated_except_background_and_unlabelled():
    colors = id_colors(np.arange(UNLABELLED + 1))
    assert colors.shape == (UNLABELLED + 1, 3)
    assert not colors[0].any()
    assert np.ptp(colors[1 : MAX_ID + 1].astype(int), axis=1).min() > 30
    assert len(set(colors[UNLABELLED])) == 1


def test_id_colors_keep_the_shape_of_the_ids():
    assert id_colors(np.zeros((2, 3), np.uint16)).shape == (2, 3, 3)
    assert id_colors(np.array([], np.uint16)).shape == (0, 3)


def test_id_colors_returns_an_independent_array():
    expected = id_colors([7]).tolist()
    id_colors([7])[:] = 0
    assert id_colors([7]).tolist() == expected


def test_blend_labels_changes_objects_only(scene):
    color, labels = scene
    image = blend_labels(color, labels)
    assert (image[labels == 0] == 200).all()
    np.testing.assert_allclose(image[50, 50], id_colors(3) / 2 + 100, atol=1)


def test_draw_overlay_outlines_objects_in_their_color(scene):
    color, labels = scene
    before = color.copy()
    image = draw_overlay(color, labels)
    assert (image[25:75, 69] == id_colors(3)).all()
    assert (image[25:75, 70] == id_colors(65000)).all()
    assert (image[5, 5] == 200).all()
    assert (color == before).all()


def test_draw_overlay_writes_ids_inside_their_objects(scene):
    color, labels = scene
    difference = (draw_overlay(color, labels) != blend_labels(color, labels)).any(axis=-1)
    inside = cv2.erode((labels == 3).astype(np.uint8), np.ones((9, 9))) > 0
    assert difference[inside].any()
    rest = cv2.erode((labels == 0).astype(np.uint8), np.ones((9, 9))) > 0
    assert not difference[rest].any()


def test_draw_overlay_places_the_id_of_a_ring_on_it():
    labels = np.zeros((480, 640), np.uint16)
    cv2.circle(labels, (320, 240), 180, 9, 60)
    color = np.zeros((480, 640, 3), np.uint8)
    white = (draw_overlay(color, labels) > 235).all(axis=-1)
    assert white.any()
    assert (labels[white] == 9).all()


@pytest.mark.parametrize("shape", [(2, 2), (2, 300), (301, 3), (1080, 1920)])
def test_draw_overlay_accepts_any_size(shape):
    image = draw_overlay(np.zeros((*shape, 3), np.uint8), np.ones(shape, np.uint16))
    assert image.shape == (*shape, 3)


def test_draw_overlay_without_objects_returns_the_image(scene):
    color, _ = scene
    assert (draw_overlay(color, np.zeros((120, 160), np.uint16)) == color).all()


def test_attention_montage_shows_image_and_peak_of_a_head():
    attention = np.zeros((6, 11, 15), np.float32)
    attention[2, 5, 7] = 0.5
    montage = attention_montage(np.full((480, 640, 3), 90, np.uint8), attention)
    assert montage.shape == (720, 960, 3)
    assert (montage[120, 160] == 90).all()
    peak, elsewhere = montage[360, 480], montage[360, 800]
    assert peak.sum() > 400 > elsewhere.sum()


@pytest.mark.parametrize("heads", [1, 3, 12, 16])
def test_attention_montage_has_a_tile_for_every_head(heads):
    rng = np.random.default_rng(0)
    montage = attention_montage(
        np.zeros((60, 80, 3), np.uint8), rng.random((heads, 4, 5), np.float32)
    )
    assert montage.shape[0] // 240 * (montage.shape[1] // 320) >= heads + 2


def test_paint_labels_fills_objects_and_grays_the_background():
    color = np.random.default_rng(0).integers(0, 255, (4, 6, 3), np.uint8)
    labels = np.zeros((4, 6), np.uint16)
    labels[1:3, 2:5] = 7
    image = paint_labels(color, labels)
    assert (image[labels == 7] == id_colors([7])[0]).all()
    assert (np.ptp(image[labels == BACKGROUND], axis=-1) == 0).all()


def test_colorize_heatmap_brightens_with_the_value():
    image = colorize_heatmap(np.array([[0.0, 0.5, 1.0]], np.float32), (3, 1))
    brightness = image[0].sum(axis=1, dtype=int)
    assert brightness[0] < brightness[1] < brightness[2]


def test_colorize_heatmap_of_constant_values_is_uniform():
    image = colorize_heatmap(np.full((2, 3), 0.4, np.float32), (6, 4))
    assert image.shape == (4, 6, 3)
    assert len(np.unique(image.reshape(-1, 3), axis=0)) == 1


def test_make_grid_fills_rows_in_order_and_pads_with_black():
    tiles = [np.full((2, 3, 3), value, np.uint8) for value in (10, 20, 30)]
    grid = make_grid(tiles)
    assert grid[::2, ::3, 0].tolist() == [[10, 20], [30, 0]]


def test_draw_text_is_centered_white_on_black():
    image = np.full((60, 120, 3), 128, np.uint8)
    draw_text(image, "12", (60, 30))
    v, u = np.nonzero((image != 128).any(axis=2))
    assert (u.min() + u.max()) / 2 == pytest.approx(60, abs=3)
    assert (v.min() + v.max()) / 2 == pytest.approx(30, abs=3)
    assert image.max() > 240
    assert image.min() < 15
