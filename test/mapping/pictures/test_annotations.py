"""Annotations of the pictures of a map."""

import numpy as np
import pytest

from scenerep_ros.mapping.pictures.annotations import Label, draw_labels, scale_length

WHITE = (255, 255, 255)


def drawn(labels, ring_count):
    image = np.full((120, 160, 3), 90, np.uint8)
    draw_labels(image, labels, ring_count)
    return image


def white_count(image):
    return (image > 200).all(axis=2).sum()


def test_labels_at_one_place_are_moved_apart():
    label = Label("8", (80, 60), (250, 0, 0))
    assert white_count(drawn([label] * 4, 3)) == 4 * white_count(drawn([label], 3)) > 0


def test_label_without_a_free_place_is_left_out():
    labels = [Label("11", (80, 60), (250, 0, 0)), Label("22", (82, 61), (250, 0, 0))]
    np.testing.assert_array_equal(drawn(labels, 0), drawn(labels[:1], 0))


def test_label_at_the_border_is_drawn_inside():
    image = drawn([Label("123", (1, 1), (250, 0, 0))], 3)
    assert white_count(image) == white_count(drawn([Label("123", (80, 60), (250, 0, 0))], 0))


@pytest.mark.parametrize(("longest", "expected"), [(0.19, 0.1), (0.2, 0.2), (4.9, 2), (7, 5)])
def test_scale_is_a_round_length(longest, expected):
    assert scale_length(longest) == pytest.approx(expected)
