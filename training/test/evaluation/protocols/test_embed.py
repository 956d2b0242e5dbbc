from __future__ import annotations

import csv

import numpy as np
import pytest
import torch
from layouts import damage, picture, square
from scenerep_training.evaluation.framework.runner import read_failures, run_protocol
from scenerep_training.evaluation.protocols.embed import Embed

from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.filesystem.atomic import write_image

TINY = {
    "backbone": "vit_tiny_patch16_224",
    "weights": "random",
    "device": "cpu",
    "precision": "fp32",
    "resolution": 48,
}


@pytest.fixture
def classes(tmp_path):
    """Two classes, one of bright and one of dark images."""
    for name, side in (("bright", 44), ("dark", 6)):
        for index in range(4):
            color = picture(square(left=2 * index, top=2, side=side))
            write_image(tmp_path / "data" / name / f"{index}.png", color)
    return tmp_path / "data"


def protocol(data, **arguments):
    torch.manual_seed(0)
    return Embed(data, PipelineConfig(**TINY), **arguments)


def run(data, folder, limit=None, **arguments):
    return run_protocol(protocol(data, **arguments), folder, {"seed": 0}, limit)


def test_features_planes_and_figures_of_classes(classes, tmp_path):
    out = tmp_path / "out"
    rows = run(classes, out)["tables"][0]["rows"]
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


def test_the_feature_is_the_backbone_s_cls_token_or_the_mean_of_its_grid(classes, tmp_path):
    embed = protocol(classes)
    features = embed.backbone(embed.frames["dark/3"]().color, 48)
    for pooling, expected in (("cls", features.pooled), ("mean", features.grid.mean(dim=(0, 1)))):
        run(classes, tmp_path / pooling, pooling=pooling)
        kept = np.load(tmp_path / pooling / "features.npy")[-1]
        np.testing.assert_allclose(kept, expected / expected.norm(), atol=1e-5)


def test_a_stopped_run_goes_on_to_the_same_planes(classes, tmp_path):
    whole = run(classes, tmp_path / "whole")
    run(classes, tmp_path / "half", limit=3)
    resumed = run(classes, tmp_path / "half")
    assert resumed["tables"] == whole["tables"]
    tables = [(tmp_path / name / "embedding.csv").read_bytes() for name in ("whole", "half")]
    assert tables[0] == tables[1]


def test_an_unreadable_image_is_left_out(classes, tmp_path):
    damage(classes / "dark" / "2.png")
    run(classes, tmp_path / "out")
    assert [name for name, _ in read_failures(tmp_path / "out")] == ["dark/2"]
    assert "dark/2" not in (tmp_path / "out" / "embedding.csv").read_text()


def test_a_recording_is_one_group_and_thinned_out(classes, tmp_path):
    embed = protocol(classes / "dark", every=2)
    assert list(embed.samples()) == ["dark/0", "dark/2"]
    rows = run(classes / "dark", tmp_path / "out")["tables"][0]["rows"]
    assert list(rows) == ["all"]
    assert rows["all"]["silhouette"] is None or np.isnan(rows["all"]["silhouette"])


def test_too_few_samples_have_no_plane(classes, tmp_path):
    table = run(classes, tmp_path / "out", limit=3)["tables"][0]
    assert table == {"title": "too few samples", "rows": {"all": {}}}
    assert not (tmp_path / "out" / "plots").exists()
