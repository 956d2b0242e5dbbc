"""Grid size, resizing and normalization of the network input."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.backbones.preprocessing import (
    CONSTANTS,
    IMAGENET,
    Normalization,
    Preprocessor,
    grid_size,
)
from scenerep_ros.errors import FrameError

PLAIN = Normalization((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


@given(
    short=st.integers(2, 3000),
    aspect=st.floats(1, CONSTANTS.max_aspect_ratio),
    resolution=st.integers(32, 2048),
    stride=st.sampled_from([4, 8, 14, 16, 32]),
)
def test_grid_size_preserves_aspect_to_half_a_patch(short, aspect, resolution, stride):
    long = int(short * aspect)
    height, width = grid_size((short, long), resolution, stride)
    assert abs(height - resolution / stride) <= 0.5
    assert abs(width - resolution * long / short / stride) <= 0.5
    assert grid_size((long, short), resolution, stride) == (width, height)


def test_grid_size_is_at_least_one_patch():
    assert grid_size((480, 640), 32, 128) == (1, 1)


def test_grid_size_of_a_narrow_image_is_rejected():
    with pytest.raises(FrameError, match="100000x2 pixels: too narrow"):
        grid_size((2, 100_000), 308, 14)


def test_preprocessor_subtracts_mean_and_divides_by_std():
    color = np.full((20, 30, 3), (10, 128, 250), np.uint8)
    out = Preprocessor(IMAGENET)(color, (14, 28))
    expected = (np.array([10, 128, 250]) / 255 - IMAGENET.mean) / IMAGENET.std
    assert out.shape == (1, 3, 14, 28)
    np.testing.assert_allclose(out[0, :, 5, 7], expected, rtol=1e-5)


def test_preprocessor_at_the_image_size_preserves_pixels():
    color = np.random.default_rng(0).integers(0, 256, (28, 42, 3), dtype=np.uint8)
    out = Preprocessor(PLAIN)(color, (28, 42))
    np.testing.assert_allclose(out[0].transpose(1, 2, 0) * 255, color, atol=1e-3)


def test_preprocessor_downscaling_does_not_alias():
    stripes = np.zeros((128, 128, 3), np.uint8)
    stripes[:, ::2] = 255
    out = Preprocessor(PLAIN)(stripes, (32, 32))
    inner = out[..., 2:-2]
    np.testing.assert_allclose(inner, 0.5, atol=0.02)


def test_preprocessor_accepts_flipped_and_read_only_arrays(recwarn):
    color = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    preprocess = Preprocessor(PLAIN)
    read_only = np.frombuffer(color.tobytes(), np.uint8).reshape(color.shape)
    flipped = color[::-1, :, ::-1]
    np.testing.assert_array_equal(preprocess(read_only, (20, 30)), preprocess(color, (20, 30)))
    np.testing.assert_array_equal(
        preprocess(flipped, (20, 30)), preprocess(flipped.copy(), (20, 30))
    )
    assert not recwarn.list
