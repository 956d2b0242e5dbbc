"""Points of objects, and their boxes beside those of a plain implementation on real frames."""

from __future__ import annotations

from itertools import islice

import numpy as np
from single_box import single_box, single_object_points

from scenerep_ros import PipelineConfig, open_source
from scenerep_ros.frames import KINECT, SceneObject
from scenerep_ros.geometry import (
    find_support_plane,
    invert_depth,
    object_boxes,
    object_points,
    viewing_rays,
)
from scenerep_ros.ops.region_properties import measure_regions
from scenerep_ros.ops.working_grid import upsample_nearest
from scenerep_ros.preprocessing.frame_context import FrameContext
from scenerep_ros.segmentation.registry import build_segmenter


def objects_of(labels):
    regions = measure_regions(labels)
    rows = zip(regions.labels.tolist(), regions.areas.tolist(), regions.boxes.tolist(), strict=True)
    return [SceneObject(id_, area, tuple(box), np.ones(1)) for id_, area, box in rows]


def kept_pixels(mask, inverse_depth):
    """Image of the pixels that are among the points of an object."""
    labels = mask.astype(np.uint16)
    rays = viewing_rays(KINECT, *mask.shape)
    (points,) = object_points(labels, 1 / inverse_depth, rays, objects_of(labels))
    kept = np.zeros(mask.shape, bool)
    u, v = np.rint(points[:, :2] / points[:, 2:] * KINECT.fx + [KINECT.cx, KINECT.cy]).astype(int).T
    kept[v, u] = True
    return kept


def test_object_points_leave_out_background_depth_at_the_border():
    mask = np.zeros((60, 60), bool)
    mask[10:50, 10:50] = True
    inverse_depth = np.where(mask, 1.0, 0.5).astype(np.float32)
    inverse_depth[10:50, 48:50] = 0.5
    kept = kept_pixels(mask, inverse_depth)
    assert not kept[:, 48:].any()
    assert kept[10:50, 10:48].all()


def test_object_points_keep_slopes_and_thin_objects():
    slope = np.broadcast_to(np.linspace(0.9, 1.1, 60, dtype=np.float32), (60, 60))
    wide, thin = np.zeros((2, 60, 60), bool)
    wide[10:50, 5:55] = True
    thin[20:23] = True
    assert kept_pixels(wide, slope).sum() == wide.sum()
    assert kept_pixels(thin, slope).sum() == thin.sum()


def test_object_points_leave_out_pixels_without_depth():
    mask = np.ones((20, 20), bool)
    inverse_depth = np.ones((20, 20), np.float32)
    inverse_depth[3:5] = np.nan
    np.testing.assert_array_equal(kept_pixels(mask, inverse_depth), np.isfinite(inverse_depth))


def test_object_points_of_scattered_parts_leave_out_border_depth():
    mask = np.zeros((90, 120), bool)
    mask[:12, :12] = mask[40:52, 100:112] = True
    inverse_depth = np.ones((90, 120), np.float32)
    inverse_depth[40:52, 100] = inverse_depth[0, :12] = 0.5
    np.testing.assert_array_equal(kept_pixels(mask, inverse_depth), mask & (inverse_depth == 1))


def test_object_boxes_of_real_frames_equal_the_reference(tum_folder):
    segmenter = build_segmenter(PipelineConfig())
    for frame in islice(open_source(str(tum_folder)), 0, 40, 10):
        partition = segmenter.prepare(FrameContext(frame)).partition
        labels = upsample_nearest(partition.labels, frame.shape).astype(np.uint16)
        objects, inverse_depth = objects_of(labels), invert_depth(frame.depth)
        rays = viewing_rays(frame.intrinsics, *frame.shape)
        plane = find_support_plane(inverse_depth[::8, ::8], rays[::8, ::8])
        points = object_points(labels, frame.depth, rays, objects)
        boxes = object_boxes(points, -plane.normal, -plane.distance)
        assert len(boxes) > 3
        for item, box in zip(objects, boxes, strict=True):
            expected_points = single_object_points(labels, inverse_depth, rays, item)
            expected = single_box(expected_points, -plane.normal, -plane.distance)
            np.testing.assert_allclose(box.center, expected.center, atol=1e-4)
            np.testing.assert_allclose(box.size, expected.size, atol=1e-4)
            np.testing.assert_allclose(box.rotation, expected.rotation, atol=1e-4)
