from __future__ import annotations

import csv

import numpy as np
import pytest
from layouts import checkerboard_image, square_mask, truncate_file
from scenerep_training.evaluation.framework.runner import read_failures, run_protocol
from scenerep_training.evaluation.protocols.embed import Embed
from untrained import untrained_config

from scenerep_ros.filesystem.atomic import write_image

RESOLUTION = 48


@pytest.fixture
def classes(tmp_path):
    """Two classes, one of bright and one of dark images."""
    for name, side in (("bright", 44), ("dark", 6)):
        for index in range(4):
            color = checkerboard_image(square_mask(left=2 * index, top=2, side=side))
            write_image(tmp_path / "data" / name / f"{index}.png", color)
    return tmp_path / "data"


def make_embed(data, **arguments):
    return Embed(data, untrained_config(RESOLUTION), **arguments)


def run_embed(data, folder, limit=None, **arguments):
    return run_protocol(make_embed(data, **arguments), folder, {"seed": 0}, limit)


def test_embed_writes_features_coordinates_and_plots(classes, tmp_path):
    out = tmp_path / "out"
    rows = run_embed(classes, out)["tables"][0]["rows"]
    assert set(rows) == {"bright", "dark", "all"}
    assert rows["all"]["same_group"] == 1
    assert 0 < rows["all"]["silhouette"] <= 1
    assert 0 < rows["all"]["pca_variance"] <= 1
    features = np.load(out / "features.npy")
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, rtol=1e-5)
    names = (out / "features.txt").read_text().split()
    assert names[:2] == ["bright/0", "bright/1"]
    with (out / "embedding.csv").open() as file:
        table = list(csv.DictReader(file))
    assert [row["name"] for row in table] == names
    assert table[-1]["group"] == "dark"
    assert {path.name for path in (out / "plots").iterdir()} == {"pca.png", "tsne.png"}


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_embed_feature_is_pooled_and_normalized(classes, tmp_path, pooling):
    protocol = make_embed(classes)
    features = protocol.backbone(protocol.frames["dark/3"]().color, RESOLUTION)
    expected = features.pooled if pooling == "cls" else features.grid.mean(axis=(0, 1))
    run_embed(classes, tmp_path / "out", pooling=pooling)
    stored = np.load(tmp_path / "out" / "features.npy")[-1]
    np.testing.assert_allclose(stored, expected / np.linalg.norm(expected), atol=1e-5)


def test_embed_resumes_to_same_result(classes, tmp_path):
    uninterrupted = run_embed(classes, tmp_path / "uninterrupted")
    run_embed(classes, tmp_path / "resumed", limit=3)
    resumed = run_embed(classes, tmp_path / "resumed")
    assert resumed["tables"] == uninterrupted["tables"]
    first, second = (
        (tmp_path / name / "embedding.csv").read_bytes() for name in ("uninterrupted", "resumed")
    )
    assert first == second


def test_embed_leaves_out_unreadable_image(classes, tmp_path):
    truncate_file(classes / "dark" / "2.png")
    run_embed(classes, tmp_path / "out")
    assert [name for name, _ in read_failures(tmp_path / "out")] == ["dark/2"]
    assert "dark/2" not in (tmp_path / "out" / "embedding.csv").read_text()


def test_embed_of_single_recording_has_no_silhouette(classes, tmp_path):
    rows = run_embed(classes / "dark", tmp_path / "out")["tables"][0]["rows"]
    assert list(rows) == ["all"]
    assert np.isnan(rows["all"]["silhouette"])


def test_embed_every_two_selects_every_second_frame(classes):
    assert list(make_embed(classes / "dark", every=2).samples()) == ["dark/0", "dark/2"]


def test_embed_of_too_few_samples_has_no_plots(classes, tmp_path):
    table = run_embed(classes, tmp_path / "out", limit=3)["tables"][0]
    assert table == {"title": "too few samples", "rows": {"all": {}}}
    assert not (tmp_path / "out" / "plots").exists()
