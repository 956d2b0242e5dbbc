"""Floors for the quality of the default pipeline on real images."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from segmentation_scores import foreground_iou, overlap_f

from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.pipeline import Pipeline
from scenerep_ros.sources import open_source

TABLE_TOPS = (5, 16, 43)
"""Frames of the mOSD learn split."""
SALIENT_OBJECTS = ("0043", "0106", "0169", "0253")
"""Images of ECSSD."""
ROOMS = (2, 17, 31, 44)
"""Frames of NYUv2."""


@pytest.fixture(scope="module")
def pipeline(dinov2) -> Pipeline:
    return Pipeline(PipelineConfig(), dinov2)


def test_fused_reaches_overlap_floor_on_table_tops(pipeline, mosd_folder):
    source, scores = open_source(mosd_folder), []
    for index in TABLE_TOPS:
        pipeline.reset()
        scores.append(overlap_f(pipeline(source[index]).labels, source.ground_truth(index)))
    assert np.mean(scores) > 0.93


def test_fused_reaches_iou_floor_on_salient_objects(pipeline, ecssd_folder):
    scores = []
    for name in SALIENT_OBJECTS:
        image = cv2.imread(str(ecssd_folder / "images" / f"{name}.jpg"))
        mask = cv2.imread(
            str(ecssd_folder / "ground_truth_mask" / f"{name}.png"), cv2.IMREAD_GRAYSCALE
        )
        pipeline.reset()
        labels = pipeline(RGBDFrame(np.ascontiguousarray(image[:, :, ::-1]))).labels
        scores.append(foreground_iou(labels, mask > 127))
    assert np.mean(scores) > 0.8


def test_fused_reaches_overlap_floor_in_rooms(pipeline, nyu_rooms_folder):
    source, scores = open_source(nyu_rooms_folder), []
    for index in ROOMS:
        pipeline.reset()
        scores.append(overlap_f(pipeline(source[index]).labels, source.ground_truth(index)))
    assert np.mean(scores) > 0.42


def test_fused_without_depth_reaches_overlap_floor_in_rooms(dinov2, nyu_rooms_folder):
    pipeline = Pipeline(PipelineConfig(use_depth=False), dinov2)
    source, scores = open_source(nyu_rooms_folder), []
    for index in ROOMS:
        pipeline.reset()
        scores.append(overlap_f(pipeline(source[index]).labels, source.ground_truth(index)))
    assert np.mean(scores) > 0.38
