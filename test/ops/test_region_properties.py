"""Region properties from runs, compared with the mask of each label."""

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.frames import BACKGROUND, UNLABELLED
from scenerep_ros.ops.region_properties import measure_regions

SIDES = st.integers(1, 12)
VALUES = (BACKGROUND, 1, 2, 7, 300, UNLABELLED - 1, UNLABELLED)


@given(SIDES, SIDES, st.integers(0, 10**6), st.sampled_from([np.uint16, np.int32, np.int64]))
def test_measure_regions_equals_the_measures_of_each_mask(height, width, seed, dtype):
    rng = np.random.default_rng(seed)
    values = rng.choice(VALUES, rng.integers(1, len(VALUES)), replace=False)
    labels = rng.choice(values, (height, width)).astype(dtype)
    regions = measure_regions(labels)
    expected_labels = set(values) & set(labels.flat) - {BACKGROUND, UNLABELLED}
    assert regions.labels.tolist() == sorted(expected_labels)
    for label, first_pixel, area, box in zip(*regions, strict=True):
        mask = labels == label
        assert first_pixel == np.flatnonzero(mask)[0]
        assert area == mask.sum()
        assert tuple(box) == cv2.boundingRect(mask.astype(np.uint8))


def test_measure_regions_without_objects_is_empty():
    regions = measure_regions(np.array([[BACKGROUND, UNLABELLED]], np.uint16))
    assert [len(values) for values in regions] == [0, 0, 0, 0]
    assert regions.boxes.shape == (0, 4)
