"""Runs of labels against looking at each label by itself."""

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.frames import BACKGROUND, UNLABELLED
from scenerep_ros.ops.region_properties import measure_regions

SIDES = st.integers(1, 12)
VALUES = (BACKGROUND, 1, 2, 7, 300, UNLABELLED - 1, UNLABELLED)


@given(SIDES, SIDES, st.integers(0, 10**6), st.sampled_from([np.uint16, np.int32, np.int64]))
def test_each_object_is_measured_as_by_its_mask(height, width, seed, dtype):
    rng = np.random.default_rng(seed)
    values = rng.choice(VALUES, rng.integers(1, len(VALUES)), replace=False)
    labels = rng.choice(values, (height, width)).astype(dtype)
    found = measure_regions(labels)
    assert found.labels.tolist() == sorted(
        set(values) & set(labels.flat) - {BACKGROUND, UNLABELLED}
    )
    for label, first, area, box in zip(*found, strict=True):
        mask = labels == label
        assert first == np.flatnonzero(mask)[0]
        assert area == mask.sum()
        assert tuple(box) == cv2.boundingRect(mask.astype(np.uint8))


def test_an_image_without_objects_has_none():
    found = measure_regions(np.array([[BACKGROUND, UNLABELLED]], np.uint16))
    assert [len(values) for values in found] == [0, 0, 0, 0]
    assert found.boxes.shape == (0, 4)
