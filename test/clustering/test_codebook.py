"""Tests of codebooks, the cluster centers of a whole recording."""

from __future__ import annotations

import pytest
import torch

from scenerep_ros.backbones.weights.checkpoint import ModelCard, save_checkpoint
from scenerep_ros.clustering.codebook import CENTERS, CODEBOOK_FOLDER, load_codebook
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.frames import Features
from scenerep_ros.segmentation.registry import build_segmenter

CARD = ModelCard(
    architecture="test_vit", mean=(0, 0, 0), std=(1, 1, 1), resolution=224, origin="", license=""
)


@pytest.fixture
def checkpoint(tmp_path):
    """Checkpoint whose codebook has the three axes as centers, in another order."""
    save_checkpoint(tmp_path, {"weight": torch.zeros(1)}, CARD)
    save_checkpoint(tmp_path / CODEBOOK_FOLDER, {CENTERS: torch.eye(3)[[2, 0, 1]]}, CARD)
    return tmp_path


def config(weights, **options):
    return PipelineConfig(method="kmeans", weights=str(weights), **options)


def axis_features(*axes):
    return Features(torch.eye(3)[torch.tensor(axes)][None], torch.zeros(3))


def test_kmeans_assigns_patches_to_codebook_centers(checkpoint):
    segmenter = build_segmenter(config(checkpoint))
    for axes, expected in (((0, 1, 2), [1, 2, 0]), ((2, 2, 1), [0, 0, 2])):
        scores = segmenter.cluster(axis_features(*axes)).scores
        assert scores.argmax(0)[0].tolist() == expected


@pytest.mark.parametrize("options", [{"kmeans": {"codebook": False}}, {"clustering": {"pca": 2}}])
def test_kmeans_without_codebook_clusters_each_frame(checkpoint, options):
    scores = build_segmenter(config(checkpoint, **options)).cluster(axis_features(0, 0, 1)).scores
    assert len(scores) == 3  # five clusters of three patches


def test_load_codebook_without_one_returns_none(tmp_path):
    save_checkpoint(tmp_path, {"weight": torch.zeros(1)}, CARD)
    assert load_codebook(config(tmp_path)) is None
    assert load_codebook(PipelineConfig()) is None
