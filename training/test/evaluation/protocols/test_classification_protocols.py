"""The protocols `knn` and `linear` on tiny folders with an untrained backbone."""

from __future__ import annotations

import numpy as np
import pytest
from layouts import truncate_file, write_image_classes
from scenerep_training.evaluation.framework.runner import read_failures, read_rows, run_protocol
from scenerep_training.evaluation.metrics.classification import normalize_features
from scenerep_training.evaluation.protocols.knn import Knn
from scenerep_training.evaluation.protocols.linear import Linear
from sklearn.neighbors import KNeighborsClassifier
from untrained import untrained_config

from scenerep_ros.backbones import load_backbone
from scenerep_ros.errors import ConfigError, SourceError
from scenerep_ros.sources.folders.image_files import read_color

RESOLUTION = 32
SETTINGS = {"seed": 0}


def make_protocol(protocol, data, **arguments):
    return protocol(data, untrained_config(RESOLUTION), **arguments)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_image_classes(tmp_path_factory.mktemp("classes"))


@pytest.mark.parametrize(("protocol", "top1"), [(Knn, "top1_k10"), (Linear, "top1")])
def test_classification_separates_colors(folder, tmp_path, protocol, top1):
    run = run_protocol(make_protocol(protocol, folder), tmp_path, SETTINGS)
    (table,) = run["tables"]
    assert table["title"] == "6 validation and 12 training images of 3 classes"
    assert table["rows"]["all"][top1] == 1
    assert run["headline"][0] in table["rows"]["all"]


def test_stored_features_are_pooled_features_in_sample_order(folder, tmp_path):
    protocol = make_protocol(Knn, folder)
    run_protocol(protocol, tmp_path, SETTINGS)
    features = np.load(tmp_path / "features.npy")
    names = (tmp_path / "features.txt").read_text().splitlines()
    assert names == list(protocol.samples())
    backbone = load_backbone(untrained_config(RESOLUTION))
    pooled = backbone(read_color(folder / names[14]), RESOLUTION).pooled
    np.testing.assert_allclose(features[14], pooled, rtol=1e-5)
    assert features.shape == (18, 192)


def test_knn_top1_equals_scikit_learn_on_stored_features(folder, tmp_path):
    run_protocol(make_protocol(Knn, folder), tmp_path, SETTINGS)
    features = normalize_features(np.load(tmp_path / "features.npy"))
    labels, truth = np.repeat(range(3), 4), np.repeat(range(3), 2)
    oracle = KNeighborsClassifier(
        10, weights=lambda d: np.exp((1 - d) / 0.07), metric="cosine", algorithm="brute"
    ).fit(features[:12], labels)
    hits = oracle.predict(features[12:]) == truth
    rows = [row for row in read_rows(tmp_path) if row.metrics]
    assert [row.metrics["top1_k10"] for row in rows] == hits.tolist()


@pytest.mark.parametrize("protocol", [Knn, Linear])
def test_run_interrupted_in_validation_resumes_to_same_result(folder, tmp_path, protocol):
    uninterrupted = run_protocol(make_protocol(protocol, folder), tmp_path / "a", SETTINGS)
    run_protocol(make_protocol(protocol, folder), tmp_path / "b", SETTINGS, limit=14)
    resumed = run_protocol(make_protocol(protocol, folder), tmp_path / "b", SETTINGS)
    assert resumed == uninterrupted
    assert read_rows(tmp_path / "b") == read_rows(tmp_path / "a")


def test_unreadable_training_image_is_counted_without_vote(tmp_path):
    data = write_image_classes(tmp_path / "data", ("cat", "dog"), train=1, val=1)
    truncate_file(data / "train" / "cat" / "0.jpg")
    run = run_protocol(make_protocol(Knn, data), tmp_path / "run", SETTINGS)
    assert [name for name, _ in read_failures(tmp_path / "run")] == ["train/cat/0.jpg"]
    metrics = {row.name: row.metrics for row in read_rows(tmp_path / "run")}
    assert metrics["val/cat/0.jpg"]["top5_k10"] == 0
    assert run["tables"][0]["rows"]["all"]["top1_k200"] == 0.5


def test_only_misclassified_images_have_pictures(tmp_path):
    data = write_image_classes(tmp_path / "data", ("cat", "dog"), train=1, val=1)
    truncate_file(data / "train" / "cat" / "0.jpg")
    run_protocol(make_protocol(Knn, data), tmp_path / "run", SETTINGS)
    pictures = [path.name for path in (tmp_path / "run" / "pictures").iterdir()]
    assert pictures == ["val__cat__0.jpg.jpg"]


def test_run_without_training_image_raises_source_error(tmp_path):
    data = write_image_classes(tmp_path / "data", ("cat",), train=1, val=1)
    truncate_file(data / "train" / "cat" / "0.jpg")
    with pytest.raises(SourceError, match="none of its training images could be read"):
        run_protocol(make_protocol(Linear, data), tmp_path / "run", SETTINGS)


def test_limit_without_validation_image_suggests_per_class(folder, tmp_path):
    with pytest.raises(SourceError, match="--per-class in place of --limit"):
        run_protocol(make_protocol(Knn, folder), tmp_path, SETTINGS, limit=12)


def test_changed_folder_is_rejected(tmp_path):
    data = write_image_classes(tmp_path / "data", ("cat", "dog"), train=1, val=1)
    run_protocol(make_protocol(Knn, data), tmp_path / "run", SETTINGS, limit=3)
    (data / "val" / "dog" / "0.jpg").rename(data / "val" / "dog" / "1.jpg")
    with pytest.raises(ConfigError, match="features of other samples"):
        run_protocol(make_protocol(Knn, data), tmp_path / "run", SETTINGS)


def test_per_class_limits_images_of_each_class(folder):
    protocol = make_protocol(Knn, folder, per_class=1)
    assert len(protocol.samples()) == 6
    assert [protocol.group(name) for name in protocol.samples()] == ["cat", "dog", "owl"] * 2
