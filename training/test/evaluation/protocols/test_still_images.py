"""The protocols on images, with an untrained network: what they measure, not how well it does."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from layouts import square, write_co3d, write_davis, write_ecssd, write_tum
from scenerep_training.datasets.masked_images import list_saliency
from scenerep_training.evaluation.framework.protocol import Row
from scenerep_training.evaluation.protocols.co3d import Co3d
from scenerep_training.evaluation.protocols.objects import Objects
from scenerep_training.evaluation.protocols.saliency import Saliency

from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.config.validation import validated
from scenerep_ros.frames import BACKGROUND, UNLABELLED, RGBDFrame, Segmentation
from scenerep_ros.pipeline import Pipeline

TINY = {
    "backbone": "vit_tiny_patch16_224",
    "weights": "random",
    "device": "cpu",
    "precision": "fp32",
    "resolution": 192,
}


def tiny(**options):
    torch.manual_seed(0)
    named = {name.replace("__", "."): value for name, value in options.items()}
    return validated(PipelineConfig, TINY | named)


def test_objects_of_a_real_image_are_found_by_depth(real_data):
    protocol = Objects(real_data("mosd_learn"), tiny())
    result = protocol.evaluate("learn1")
    assert result.figures["overlap_f"] > 0.8
    assert result.figures["objects"] == 2
    assert result.picture.shape == (480, 3 * 640, 3)


def test_without_depth_the_same_image_gives_other_objects(real_data):
    results = [
        Objects(real_data("mosd_learn"), tiny(use_depth=use_depth)).evaluate("learn1")
        for use_depth in (True, False)
    ]
    assert results[0].figures != results[1].figures


def test_no_object_is_remembered_from_one_image_to_the_next(tmp_path):
    write_tum(tmp_path, [square(3, left=left) for left in (4, 20, 36)])
    options = tiny(use_depth=False, method="kmeans", kmeans__clusters=2)
    alone, after = Objects(tmp_path, options), Objects(tmp_path, tiny(**options.model_dump()))
    for sample in ("0", "1"):
        after.evaluate(sample)
    one, other = alone.evaluate("2"), after.evaluate("2")
    assert one.figures == other.figures
    np.testing.assert_array_equal(one.picture, other.picture)


def test_saliency_keeps_what_the_pipeline_names_apart_from_what_an_oracle_would(tmp_path):
    write_ecssd(tmp_path)
    protocol = Saliency(tmp_path, tiny(method="kmeans", kmeans__clusters=3))
    figures = protocol.evaluate("0002").figures
    color, truth = list_saliency(tmp_path)["0002"].read()
    labels = Pipeline(protocol.config, protocol.pipeline.backbone)(RGBDFrame(color)).labels
    found = labels != BACKGROUND
    assert figures["iou"] == (found & truth).sum() / (found | truth).sum()
    assert figures["accuracy"] == (found == truth).mean()
    assert figures["oracle_union_iou"] >= figures["oracle_cluster_iou"] > 0
    assert figures["oracle_union_iou"] >= figures["iou"]


def test_the_clusters_that_saliency_sees_are_the_pipeline_s():
    pipeline = Pipeline(tiny(method="kmeans", kmeans__clusters=3))
    features = pipeline.backbone(np.repeat(square()[..., None], 3, axis=2), 96)
    expected = pipeline.segmenter.cluster(features).scores
    recorder = ClusterRecorder(pipeline.segmenter)
    pipeline.segmenter.cluster(features)
    torch.testing.assert_close(recorder.clusters.scores, expected)


@pytest.mark.parametrize("pca", [0, 8])
def test_co3d_finds_the_cluster_of_the_object(tmp_path, pca):
    options = tiny(method="kmeans", kmeans__clusters=2, clustering__pca=pca)
    protocol = Co3d(write_co3d(tmp_path), options)
    result = protocol.evaluate("apple/110_1/frame000001")
    assert result.figures["iou"] > 0.7
    assert result.figures["clusters"] == 2


def test_co3d_measures_the_objects_that_the_pipeline_cuts(tmp_path, monkeypatch):
    protocol = Co3d(write_davis(tmp_path, frames=1), tiny())
    _, truth = protocol.frames["swan/00000"].read()
    labels = np.where(truth, 2, UNLABELLED).astype(np.int32)
    labels[0] = 1
    labels[1] = BACKGROUND

    def segment(features, _prepared):
        protocol.pipeline.segmenter.cluster(features)
        return Segmentation(labels)

    monkeypatch.setattr(protocol.pipeline.segmenter, "segment", segment)
    figures = protocol.evaluate("swan/00000").figures
    assert figures["objects"] == 2
    assert figures["object_iou"] == (truth & (labels == 2)).sum() / truth.sum()


def test_co3d_of_a_frame_without_object_is_undefined(tmp_path):
    write_davis(tmp_path, frames=1)
    from scenerep_ros.filesystem.atomic import write_image

    write_image(tmp_path / "Annotations" / "480p" / "swan" / "00000.png", square(0))
    figures = Co3d(tmp_path, tiny(method="kmeans")).evaluate("swan/00000").figures
    assert np.isnan(figures["iou"])
    assert np.isnan(figures["object_iou"])


def test_co3d_measures_one_frame_in_n(tmp_path):
    protocol = Co3d(write_davis(tmp_path, frames=3), tiny(), every=2)
    assert protocol.samples() == ["bear/00000", "bear/00002", "swan/00001"]
    assert protocol.group("swan/00001") == "swan"


def test_co3d_averages_over_frames_and_over_categories(tmp_path):
    protocol = Co3d(write_co3d(tmp_path), tiny())
    rows = [Row(f"{group}/{i}", group, {"iou": iou}) for group, i, iou in ROWS]
    (table,) = protocol.summary(rows)
    figures = {name: row["iou"] for name, row in table.rows.items()}
    expected = {"apple": 0.2, "cup": 0.8, "all": 0.4, "mean of groups": 0.5}
    assert figures == pytest.approx(expected)


ROWS = [("apple", 0, 0.1), ("apple", 1, 0.3), ("cup", 0, 0.8), ("cup", 1, float("nan"))]
