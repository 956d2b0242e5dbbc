import cv2
import numpy as np
import pytest

from scenerep_ros.frames import BACKGROUND, MAX_ID, UNLABELLED
from scenerep_ros.render import attention_montage, id_colors, overlay, painted, tinted


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


def test_ids_close_in_number_are_far_apart_in_colour():
    lab = cielab(id_colors(np.arange(1, 200)))
    for start in range(0, len(lab) - 20, 7):
        window = lab[start : start + 20]
        distance = np.linalg.norm(window[:, None] - window, axis=-1)
        assert distance[~np.eye(20, dtype=bool)].min() > 15  # 2.3 is just noticeable


def test_every_object_is_coloured_and_the_background_is_not():
    colors = id_colors(np.arange(UNLABELLED + 1))
    assert colors.shape == (UNLABELLED + 1, 3)
    assert not colors[0].any()
    assert np.ptp(colors[1 : MAX_ID + 1].astype(int), axis=1).min() > 30
    assert len(set(colors[UNLABELLED])) == 1


def test_colors_have_the_shape_of_the_ids():
    assert id_colors(np.zeros((2, 3), np.uint16)).shape == (2, 3, 3)
    assert id_colors(np.array([], np.uint16)).shape == (0, 3)


def test_colors_cannot_be_changed_for_later_callers():
    colors = id_colors([7])
    colors[:] = 0
    assert id_colors([7]).any()


def test_tint_leaves_background_alone_and_colours_objects(scene):
    color, labels = scene
    picture = tinted(color, labels)
    assert (picture[labels == 0] == 200).all()
    np.testing.assert_allclose(picture[50, 50], id_colors(3) / 2 + 100, atol=1)


def test_overlay_outlines_objects_in_their_colour(scene):
    color, labels = scene
    before = color.copy()
    picture = overlay(color, labels)
    assert (picture[25:75, 69] == id_colors(3)).all()
    assert (picture[25:75, 70] == id_colors(65000)).all()
    assert (picture[5, 5] == 200).all()
    assert (color == before).all()


def test_overlay_writes_ids_inside_their_objects(scene):
    color, labels = scene
    difference = (overlay(color, labels) != tinted(color, labels)).any(axis=-1)
    inside = cv2.erode((labels == 3).astype(np.uint8), np.ones((9, 9))) > 0
    assert difference[inside].any()
    rest = cv2.erode((labels == 0).astype(np.uint8), np.ones((9, 9))) > 0
    assert not difference[rest].any()


def test_id_of_a_ring_stands_on_the_ring():
    labels = np.zeros((480, 640), np.uint16)
    cv2.circle(labels, (320, 240), 180, 9, 60)
    color = np.zeros((480, 640, 3), np.uint8)
    white = (overlay(color, labels) > 235).all(axis=-1)
    assert white.any()
    assert (labels[white] == 9).all()


@pytest.mark.parametrize("shape", [(2, 2), (2, 300), (301, 3), (1080, 1920)])
def test_overlay_takes_every_size(shape):
    picture = overlay(np.zeros((*shape, 3), np.uint8), np.ones(shape, np.uint16))
    assert picture.shape == (*shape, 3)


def test_overlay_without_objects_is_the_image(scene):
    color, _ = scene
    assert (overlay(color, np.zeros((120, 160), np.uint16)) == color).all()


def test_montage_shows_image_mean_and_heads():
    attention = np.zeros((6, 11, 15), np.float32)
    attention[2, 5, 7] = 0.5
    montage = attention_montage(np.full((480, 640, 3), 90, np.uint8), attention)
    assert montage.shape == (720, 960, 3)
    assert (montage[120, 160] == 90).all()
    peak, elsewhere = montage[360, 480], montage[360, 800]
    assert peak.sum() > 400 > elsewhere.sum()


@pytest.mark.parametrize("heads", [1, 3, 12, 16])
def test_montage_has_room_for_every_head(heads):
    rng = np.random.default_rng(0)
    montage = attention_montage(
        np.zeros((60, 80, 3), np.uint8), rng.random((heads, 4, 5), np.float32)
    )
    assert montage.shape[0] // 240 * (montage.shape[1] // 320) >= heads + 2


def test_painted_objects_have_their_id_s_colour_and_the_rest_is_grey():
    color = np.random.default_rng(0).integers(0, 255, (4, 6, 3), np.uint8)
    labels = np.zeros((4, 6), np.uint16)
    labels[1:3, 2:5] = 7
    picture = painted(color, labels)
    assert (picture[labels == 7] == id_colors([7])[0]).all()
    assert (np.ptp(picture[labels == BACKGROUND], axis=-1) == 0).all()
