"""`knn` and `linear` on tiny folders, with an untrained network."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from layouts import damage, write_image_classes
from scenerep_training.evaluation.framework.runner import read_failures, read_rows, run_protocol
from scenerep_training.evaluation.metrics.classification import normalize_features
from scenerep_training.evaluation.protocols.knn import Knn
from scenerep_training.evaluation.protocols.linear import Linear
from sklearn.neighbors import KNeighborsClassifier

from scenerep_ros.backbones import load_backbone
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import ConfigError, SourceError
from scenerep_ros.sources.folders.image_files import read_color

TINY = {
    "backbone": "vit_tiny_patch16_224",
    "weights": "random",
    "device": "cpu",
    "precision": "fp32",
    "resolution": 32,
}
SETTINGS = {"seed": 0}


def tiny(protocol, data, **kwargs):
    torch.manual_seed(0)
    return protocol(data, PipelineConfig(**TINY), **kwargs)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_image_classes(tmp_path_factory.mktemp("classes"))


@pytest.mark.parametrize(("protocol", "top1"), [(Knn, "top1_k10"), (Linear, "top1")])
def test_colours_are_told_apart(folder, tmp_path, protocol, top1):
    run = run_protocol(tiny(protocol, folder), tmp_path, SETTINGS)
    (table,) = run["tables"]
    assert table["title"] == "6 validation and 12 training images of 3 classes"
    assert table["rows"]["all"][top1] == 1
    assert run["headline"][0] in table["rows"]["all"]


def test_features_are_the_backbone_s_pooled_ones_in_the_order_of_the_samples(folder, tmp_path):
    protocol = tiny(Knn, folder)
    run_protocol(protocol, tmp_path, SETTINGS)
    features = np.load(tmp_path / "features.npy")
    names = (tmp_path / "features.txt").read_text().splitlines()
    assert names == list(protocol.samples())
    torch.manual_seed(0)
    pooled = load_backbone(protocol.config)(read_color(folder / names[14]), 32).pooled
    np.testing.assert_allclose(features[14], pooled.numpy(), rtol=1e-5)
    assert features.shape == (18, 192)


def test_top_1_is_that_of_scikit_learn_on_the_features_kept(folder, tmp_path):
    run_protocol(tiny(Knn, folder), tmp_path, SETTINGS)
    features = normalize_features(np.load(tmp_path / "features.npy"))
    labels, truth = np.repeat(range(3), 4), np.repeat(range(3), 2)
    oracle = KNeighborsClassifier(
        10, weights=lambda d: np.exp((1 - d) / 0.07), metric="cosine", algorithm="brute"
    ).fit(features[:12], labels)
    hits = oracle.predict(features[12:]) == truth
    rows = [row for row in read_rows(tmp_path) if row.figures]
    assert [row.figures["top1_k10"] for row in rows] == hits.tolist()


@pytest.mark.parametrize("protocol", [Knn, Linear])
def test_a_run_stopped_amid_validation_goes_on_to_the_same_figures(folder, tmp_path, protocol):
    whole = run_protocol(tiny(protocol, folder), tmp_path / "whole", SETTINGS)
    run_protocol(tiny(protocol, folder), tmp_path / "half", SETTINGS, limit=14)
    resumed = run_protocol(tiny(protocol, folder), tmp_path / "half", SETTINGS)
    assert resumed == whole
    assert read_rows(tmp_path / "half") == read_rows(tmp_path / "whole")


def test_an_image_that_cannot_be_read_is_counted_and_has_no_vote(tmp_path):
    data = write_image_classes(tmp_path / "data", ("cat", "dog"), train=1, val=1)
    damage(data / "train" / "cat" / "0.jpg")
    run = run_protocol(tiny(Knn, data), tmp_path / "run", SETTINGS)
    assert [name for name, _ in read_failures(tmp_path / "run")] == ["train/cat/0.jpg"]
    figures = {row.name: row.figures for row in read_rows(tmp_path / "run")}
    assert figures["val/cat/0.jpg"]["top5_k10"] == 0
    assert run["tables"][0]["rows"]["all"]["top1_k200"] == 0.5
    assert [path.name for path in (tmp_path / "run" / "pictures").iterdir()] == [
        "val__cat__0.jpg.jpg"
    ]


def test_no_training_image_at_all_is_an_error(tmp_path):
    data = write_image_classes(tmp_path / "data", ("cat",), train=1, val=1)
    damage(data / "train" / "cat" / "0.jpg")
    with pytest.raises(SourceError, match="none of its training images could be read"):
        run_protocol(tiny(Linear, data), tmp_path / "run", SETTINGS)


def test_a_limit_that_leaves_no_validation_image_says_what_to_use(folder, tmp_path):
    with pytest.raises(SourceError, match="--per-class in place of --limit"):
        run_protocol(tiny(Knn, folder), tmp_path, SETTINGS, limit=12)


def test_a_folder_that_changed_is_refused(tmp_path):
    data = write_image_classes(tmp_path / "data", ("cat", "dog"), train=1, val=1)
    run_protocol(tiny(Knn, data), tmp_path / "run", SETTINGS, limit=3)
    (data / "val" / "dog" / "0.jpg").rename(data / "val" / "dog" / "1.jpg")
    with pytest.raises(ConfigError, match="features of other samples"):
        run_protocol(tiny(Knn, data), tmp_path / "run", SETTINGS)


def test_groups_are_classes_and_a_few_of_each_will_do(folder):
    protocol = tiny(Knn, folder, per_class=1)
    assert len(protocol.samples()) == 6
    assert [protocol.group(name) for name in protocol.samples()] == ["cat", "dog", "owl"] * 2
