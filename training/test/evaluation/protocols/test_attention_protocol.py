from __future__ import annotations

import cv2
import numpy as np
import pytest
from layouts import square_mask, write_davis, write_ecssd, write_tum
from scenerep_training.evaluation.figures.attention_figure import GAP, HEAD_WIDTH, IMAGE_WIDTH
from scenerep_training.evaluation.framework.protocol import mean_metrics
from scenerep_training.evaluation.framework.runner import read_rows, run_protocol
from scenerep_training.evaluation.protocols.attention import Attention
from untrained import untrained_config

from scenerep_ros.errors import ConfigError

SMALL = "vit_small_patch16_224=random"
TINY_LABEL, SMALL_LABEL = "vit_tiny_patch16_224-random", "vit_small_patch16_224-random"


def make_attention(data, *beside, images=8, **options):
    return Attention(data, untrained_config(64, **options), beside, images)


def test_attention_compares_models(tmp_path):
    protocol = make_attention(write_ecssd(tmp_path / "data"), SMALL)
    run = run_protocol(protocol, tmp_path / "run", {})
    rows = run["tables"][0]["rows"]
    assert list(rows) == [SMALL_LABEL, TINY_LABEL, "all"]
    for metrics in rows.values():
        assert 0.5 < metrics["entropy"] <= 1
        assert 0 < metrics["best_head_iou"] < 1
    assert rows["all"] == rows[TINY_LABEL]
    assert rows["all"] != rows[SMALL_LABEL]
    means = mean_metrics(read_rows(tmp_path / "run"))
    assert {name: means[name] for name in rows["all"]} == rows["all"]
    units = [protocol.resampling_unit(name) for name in protocol.samples()]
    assert units == ["0001", "0001", "0002", "0002"]


def test_attention_figure_shows_images_and_heads(tmp_path):
    run_protocol(make_attention(write_ecssd(tmp_path / "data"), SMALL), tmp_path / "run", {})
    figure = cv2.imread(str(tmp_path / "run" / "plots" / "attention.png"))
    head_columns = 2 + 3  # grids of 3 and of 6 heads
    assert figure.shape[1] == IMAGE_WIDTH + head_columns * HEAD_WIDTH + 3 * GAP
    image = figure[40:200, :IMAGE_WIDTH].reshape(-1, 3)
    assert np.ptp(image, axis=0).min() > 30


def test_attention_mask_of_full_mass_covers_image(tmp_path):
    data = write_ecssd(tmp_path / "data", names=("a",))
    protocol = make_attention(data, **{"attention.mass": 1.0})
    protocol.folder = tmp_path / "run"
    (sample,) = protocol.samples()
    iou = protocol.evaluate(sample).metrics["best_head_iou"]
    assert iou == pytest.approx(24 * 24 / (48 * 64))


def test_attention_samples_recording_evenly_without_masks(tmp_path):
    data = write_tum(tmp_path / "data", [square_mask(left=left) for left in range(7)])
    run = run_protocol(make_attention(data, images=3), tmp_path / "run", {})
    rows = read_rows(tmp_path / "run")
    assert [row.name for row in rows] == [f"{index}@{TINY_LABEL}" for index in (0, 3, 6)]
    assert list(run["tables"][0]["rows"]["all"]) == ["entropy"]


def test_attention_figure_shows_images_measured_by_all_models(tmp_path):
    data, folder = write_davis(tmp_path / "data", frames=1), tmp_path / "run"
    figure_path = folder / "plots" / "attention.png"
    run_protocol(make_attention(data, SMALL), folder, {}, limit=1)
    assert not figure_path.exists()
    run_protocol(make_attention(data, SMALL), folder, {}, limit=3)
    height = cv2.imread(str(figure_path)).shape[0]
    run_protocol(make_attention(data, SMALL), folder, {})
    assert cv2.imread(str(figure_path)).shape[0] > 1.5 * height


def test_attention_of_model_without_cls_token_raises_config_error(tmp_path):
    protocol = make_attention(write_ecssd(tmp_path / "data"), backbone="resnet18")
    with pytest.raises(ConfigError, match="resnet18-random: has no CLS token"):
        run_protocol(protocol, tmp_path / "run", {})
