"""Intersection over union of upright boxes."""

import numpy as np
import pytest
from scenerep_training.evaluation.metrics.box_iou import box_iou
from scipy.spatial.transform import Rotation

from scenerep_ros.geometry import Box


def box(center=(0, 0, 0), size=(1, 1, 1), yaw_deg=0.0):
    rotation = Rotation.from_euler("z", yaw_deg, degrees=True).as_matrix()
    return Box(
        np.array(center, np.float32), np.array(size, np.float32), rotation.astype(np.float32)
    )


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (box(), 1.0),
        (box((0.5, 0, 0)), 1 / 3),
        (box((0, 0, 0.5)), 1 / 3),
        (box((2, 0, 0)), 0.0),
        (box((0, 0, 1.5)), 0.0),
        (box(yaw_deg=90), 1.0),
        (box(yaw_deg=45), 2 * (np.sqrt(2) - 1) / (2 - 2 * (np.sqrt(2) - 1))),
        (box(size=(0.5, 0.5, 0.5)), 1 / 8),
    ],
)
def test_box_iou_equals_the_known_value(other, expected):
    assert box_iou(box(), other) == pytest.approx(expected, abs=1e-5)
    assert box_iou(other, box()) == pytest.approx(expected, abs=1e-5)
