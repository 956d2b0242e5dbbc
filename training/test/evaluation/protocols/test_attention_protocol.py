from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from layouts import square, write_davis, write_ecssd, write_tum
from scenerep_training.evaluation.figures.attention_figure import GAP, HEAD_WIDTH, IMAGE_WIDTH
from scenerep_training.evaluation.framework.protocol import mean
from scenerep_training.evaluation.framework.runner import read_rows, run_protocol
from scenerep_training.evaluation.protocols.attention import Attention

from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import ConfigError

TINY = {
    "backbone": "vit_tiny_patch16_224",
    "weights": "random",
    "device": "cpu",
    "precision": "fp32",
    "resolution": 64,
}
SMALL = "vit_small_patch16_224=random"


def attention(data, *beside, images=8, **options):
    torch.manual_seed(0)
    return Attention(data, PipelineConfig(**TINY | options), beside, images)


def test_models_stand_beside_each_other(tmp_path):
    protocol = attention(write_ecssd(tmp_path / "data"), SMALL)
    run = run_protocol(protocol, tmp_path / "run", {})
    rows = run["tables"][0]["rows"]
    assert list(rows) == ["vit_small_patch16_224-random", "vit_tiny_patch16_224-random", "all"]
    for figures in rows.values():
        assert 0.5 < figures["entropy"] <= 1
        assert 0 < figures["best_head_iou"] < 1
    assert rows["all"] == rows["vit_tiny_patch16_224-random"]
    assert rows["all"] != rows["vit_small_patch16_224-random"]
    over_rows = mean(read_rows(tmp_path / "run"))
    assert {name: over_rows[name] for name in rows["all"]} == rows["all"]
    assert [protocol.unit(name) for name in protocol.samples()] == ["0001", "0001", "0002", "0002"]
    figure = cv2.imread(str(tmp_path / "run" / "plots" / "attention.png"))
    heads = 2 + 3  # columns of the blocks of 3 and of 6 heads
    assert figure.shape[1] == IMAGE_WIDTH + heads * HEAD_WIDTH + 3 * GAP
    image = figure[40:200, :IMAGE_WIDTH].reshape(-1, 3)
    assert np.ptp(image, axis=0).min() > 30


def test_a_mask_is_the_fewest_patches_that_hold_the_mass(tmp_path):
    data = write_ecssd(tmp_path / "data", names=("a",))
    everything = attention(data, attention={"mass": 1.0})
    everything.folder = tmp_path / "run"
    (sample,) = everything.samples()
    iou = everything.evaluate(sample).figures["best_head_iou"]
    assert iou == pytest.approx(24 * 24 / (48 * 64))


def test_frames_of_a_recording_are_spread_over_it_and_have_no_masks(tmp_path):
    data = write_tum(tmp_path / "data", [square(left=left) for left in range(7)])
    run = run_protocol(attention(data, images=3), tmp_path / "run", {})
    rows = read_rows(tmp_path / "run")
    assert [row.name for row in rows] == [f"{i}@vit_tiny_patch16_224-random" for i in (0, 3, 6)]
    assert list(run["tables"][0]["rows"]["all"]) == ["entropy"]


def test_a_stopped_run_shows_the_images_that_all_models_saw(tmp_path):
    data = write_davis(tmp_path / "data", frames=1)
    run_protocol(attention(data, SMALL), tmp_path / "run", {}, limit=1)
    assert not (tmp_path / "run" / "plots").exists()
    run_protocol(attention(data, SMALL), tmp_path / "run", {}, limit=3)
    one = cv2.imread(str(tmp_path / "run" / "plots" / "attention.png")).shape[0]
    run_protocol(attention(data, SMALL), tmp_path / "run", {})
    assert cv2.imread(str(tmp_path / "run" / "plots" / "attention.png")).shape[0] > 1.5 * one


def test_a_model_without_cls_token_is_named(tmp_path):
    protocol = attention(write_ecssd(tmp_path / "data"), backbone="resnet18")
    with pytest.raises(ConfigError, match="resnet18-random: has no CLS token"):
        run_protocol(protocol, tmp_path / "run", {})
