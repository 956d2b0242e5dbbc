"""The protocols `objects`, `saliency` and `co3d` with an untrained backbone."""

from __future__ import annotations

import numpy as np
import pytest
from layouts import square_mask, write_co3d, write_davis, write_ecssd, write_tum
from scenerep_training.datasets.masked_images import list_saliency
from scenerep_training.evaluation.framework.protocol import Row
from scenerep_training.evaluation.metrics.masks import mask_iou, pixel_accuracy
from scenerep_training.evaluation.protocols.co3d import Co3d
from scenerep_training.evaluation.protocols.objects import Objects
from scenerep_training.evaluation.protocols.saliency import Saliency
from untrained import untrained_config

from scenerep_ros.filesystem.atomic import write_image
from scenerep_ros.frames import BACKGROUND, UNLABELLED, RGBDFrame, Segmentation
from scenerep_ros.pipeline import Pipeline

RESOLUTION = 192
CO3D_ROWS = [
    ("apple", 0, 0.1),
    ("apple", 1, 0.3),
    ("cup", 0, 0.8),
    ("cup", 1, float("nan")),
]


def kmeans_config(clusters, **options):
    return untrained_config(RESOLUTION, method="kmeans", **{"kmeans.clusters": clusters} | options)


def test_objects_are_segmented_by_depth(real_data):
    protocol = Objects(real_data("mosd_learn"), untrained_config(RESOLUTION))
    result = protocol.evaluate("learn1")
    assert result.metrics["overlap_f"] > 0.8
    assert result.metrics["objects"] == 2
    assert result.picture.shape == (480, 3 * 640, 3)


def test_objects_without_depth_are_worse(real_data):
    with_depth, without_depth = (
        Objects(real_data("mosd_learn"), untrained_config(RESOLUTION, use_depth=use_depth))
        .evaluate("learn1")
        .metrics["overlap_f"]
        for use_depth in (True, False)
    )
    assert with_depth > without_depth


def test_objects_of_an_image_are_independent_of_earlier_images(tmp_path):
    write_tum(tmp_path, [square_mask(3, left=left) for left in (4, 20, 36)])
    alone, after_others = (Objects(tmp_path, kmeans_config(2, use_depth=False)) for _ in range(2))
    for sample in ("0", "1"):
        after_others.evaluate(sample)
    expected, result = alone.evaluate("2"), after_others.evaluate("2")
    assert result.metrics == expected.metrics
    np.testing.assert_array_equal(result.picture, expected.picture)


def test_saliency_measures_predicted_foreground_and_oracle_choices(tmp_path):
    write_ecssd(tmp_path)
    protocol = Saliency(tmp_path, kmeans_config(3))
    metrics = protocol.evaluate("0002").metrics
    color, truth = list_saliency(tmp_path)["0002"].read()
    labels = Pipeline(protocol.config, protocol.pipeline.backbone)(RGBDFrame(color)).labels
    foreground = labels != BACKGROUND
    assert metrics["iou"] == mask_iou(foreground, truth)
    assert metrics["accuracy"] == pixel_accuracy(foreground, truth)
    assert metrics["oracle_union_iou"] >= metrics["oracle_cluster_iou"] > 0
    assert metrics["oracle_union_iou"] >= metrics["iou"]


@pytest.mark.parametrize("pca", [0, 8])
def test_co3d_finds_cluster_of_object(tmp_path, pca):
    protocol = Co3d(write_co3d(tmp_path), kmeans_config(2, **{"clustering.pca": pca}))
    result = protocol.evaluate("apple/110_1/frame000001")
    assert result.metrics["iou"] > 0.7
    assert result.metrics["clusters"] == 2


def test_co3d_measures_best_object_of_segmenter(tmp_path, monkeypatch):
    protocol = Co3d(write_davis(tmp_path, frames=1), untrained_config(RESOLUTION))
    _, truth = protocol.frames["swan/00000"].read()
    labels = np.where(truth, 2, UNLABELLED).astype(np.int32)
    labels[0] = 1
    labels[1] = BACKGROUND

    def segment(features, _prepared):
        protocol.pipeline.segmenter.cluster(features)
        return Segmentation(labels)

    monkeypatch.setattr(protocol.pipeline.segmenter, "segment", segment)
    metrics = protocol.evaluate("swan/00000").metrics
    assert metrics["objects"] == 2
    assert metrics["object_iou"] == (truth & (labels == 2)).sum() / truth.sum()


def test_co3d_of_frame_without_object_is_nan(tmp_path):
    write_davis(tmp_path, frames=1)
    write_image(tmp_path / "Annotations" / "480p" / "swan" / "00000.png", square_mask(0))
    protocol = Co3d(tmp_path, kmeans_config(2))
    metrics = protocol.evaluate("swan/00000").metrics
    assert np.isnan(metrics["iou"])
    assert np.isnan(metrics["object_iou"])


def test_co3d_every_two_selects_every_second_frame(tmp_path):
    protocol = Co3d(write_davis(tmp_path, frames=3), untrained_config(RESOLUTION), every=2)
    assert protocol.samples() == ["bear/00000", "bear/00002", "swan/00001"]
    assert protocol.group("swan/00001") == "swan"


def test_co3d_summary_averages_over_frames_and_categories(tmp_path):
    protocol = Co3d(write_co3d(tmp_path), untrained_config(RESOLUTION))
    rows = [Row(f"{group}/{index}", group, {"iou": iou}) for group, index, iou in CO3D_ROWS]
    (table,) = protocol.summary(rows)
    ious = {name: metrics["iou"] for name, metrics in table.rows.items()}
    expected = {"apple": 0.2, "cup": 0.8, "all": 0.4, "mean of groups": 0.5}
    assert ious == pytest.approx(expected)
