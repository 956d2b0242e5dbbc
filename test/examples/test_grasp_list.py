"""Grasps of boxes from above."""

import runpy

import numpy as np
import pytest
from conftest import ROOT

EXAMPLE = runpy.run_path(str(ROOT / "examples" / "grasp_list.py"))
TURNED = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


def grasp(size, rotation=TURNED, max_opening=0.08):
    center = np.array([0.5, 0.1, 0.2])
    return EXAMPLE["grasp_of_box"]("7", center, rotation, np.array(size), max_opening)


def test_grasp_closes_across_the_narrow_side_from_above():
    found = grasp((0.2, 0.05, 0.1))
    np.testing.assert_allclose(np.abs(found.rotation[:, 0]), [1, 0, 0])
    np.testing.assert_allclose(found.rotation[:, 2], [0, 0, -1])
    np.testing.assert_allclose(np.linalg.det(found.rotation), 1)
    np.testing.assert_allclose(found.position, [0.5, 0.1, 0.23])
    assert found.opening == 0.05


def test_grasp_of_a_wide_box_is_none():
    assert grasp((0.09, 0.1, 0.1)) is None


def test_grasps_of_detections_are_sorted_by_distance():
    messages = pytest.importorskip("vision_msgs.msg", reason="vision_msgs is not installed")
    detections = messages.Detection3DArray()
    for index, distance in enumerate((2.0, 1.0, 1.5)):
        detection = messages.Detection3D(id=str(index))
        detection.bbox.center.position.x = distance
        detection.bbox.size.x = 0.2 if index == 2 else 0.05
        detection.bbox.size.y = detection.bbox.size.z = 0.1
        detections.detections.append(detection)
    grasps = EXAMPLE["grasps_of_detections"](detections, 0.08)
    assert [grasp.object_id for grasp in grasps] == ["1", "0"]
