from __future__ import annotations

import cv2
import numpy as np
from scenerep_training.evaluation.label_propagation.flow_propagation import FlowPropagation


def random_texture(height=120, width=160):
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 3), np.uint8)


def test_flow_propagation_moves_labels_and_distrusts_incoming_pixels():
    first = random_texture()
    later = np.roll(first, 8, axis=1)
    later[:, :8] = 255 - later[:, :8]
    planes = np.random.default_rng(1).random((60, 80, 2)).astype(np.float32)
    planes = np.asarray(cv2.GaussianBlur(planes, (0, 0), 3), np.float32)
    warped, reliability, flow = FlowPropagation(first, (60, 80))(planes, later)
    expected = np.roll(planes, 4, axis=1)
    inner = np.s_[8:-8, 12:-8]
    assert np.abs(warped - expected)[inner].max() < 0.02
    assert reliability[inner].mean() > 0.95
    assert reliability[:, :3].mean() < 0.5
    assert np.abs(flow - [-4, 0])[inner].max() < 0.2


def test_flow_propagation_of_tiny_image_keeps_labels_unreliably():
    planes = np.random.default_rng(1).random((8, 8, 2)).astype(np.float32)
    image = random_texture(20, 20)
    warped, reliability, flow = FlowPropagation(image, (8, 8))(planes, image)
    np.testing.assert_array_equal(warped, planes)
    assert not reliability.any()
    assert not flow.any()
