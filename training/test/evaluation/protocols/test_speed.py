from __future__ import annotations

import io
import json
from dataclasses import asdict

import cv2
import numpy as np
import pytest
import timm
import torch
from layouts import write_ecssd
from scenerep_training.evaluation.framework.protocol import Row
from scenerep_training.evaluation.framework.runner import read_rows, run_protocol
from scenerep_training.evaluation.probes.speed_probe import ProbeRequest, count_flops, main
from scenerep_training.evaluation.protocols.speed import Speed, read_quality

from scenerep_ros.backbones import load_backbone
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import ConfigError, FrameError, SourceError

CONFIG = PipelineConfig(weights="random", device="cpu", precision="fp32")


def untrained_backbone(name):
    return load_backbone(
        BackboneOptions(backbone=name, weights="random", device="cpu", precision="fp32")
    )


def write_run(folder, name, resolution, value, protocol="knn"):
    run = {
        "protocol": protocol,
        "headline": ["top1_k20"],
        "settings": {"options": {"backbone": name, "resolution": resolution}},
        "tables": [{"title": "", "rows": {"all": {"top1_k20": value}}}],
    }
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(run))
    return str(folder)


@pytest.mark.parametrize(
    ("name", "multiply_adds"), [("resnet18", 1.814e9), ("vit_tiny_patch16_224", 1.254e9)]
)
def test_count_flops_is_twice_published_multiply_adds(name, multiply_adds):
    """ResNet-18: torchvision's model card; ViT-Ti/16: DeiT's (1.3e9), attention included."""
    image = np.zeros((224, 224, 3), np.uint8)
    assert count_flops(untrained_backbone(name), image, 224) == pytest.approx(
        2 * multiply_adds, rel=2e-3
    )


def test_count_flops_grows_with_square_of_patches():
    """Each of 12 layers multiplies tokens by weights, and twice tokens by tokens."""
    network = untrained_backbone("vit_tiny_patch16_224")
    image = np.zeros((64, 64, 3), np.uint8)
    for resolution in (64, 128):
        patches = (resolution // 16) ** 2
        tokens, channels = patches + 1, 192
        layers = 12 * (12 * tokens * channels**2 + 2 * tokens**2 * channels)
        stem = patches * channels * 3 * 16**2
        expected = 2 * (layers + stem)
        assert count_flops(network, image, resolution) == pytest.approx(expected, rel=1e-3)


@pytest.mark.slow
def test_speed_measures_backbone_and_reads_its_quality(tmp_path):
    data = write_ecssd(tmp_path / "data") / "images"
    quality = [write_run(tmp_path / "quality", "resnet18", 64, 0.6)]
    protocol = Speed(data, CONFIG, ["resnet18"], [64], quality, passes=2)
    run = run_protocol(protocol, tmp_path / "run", {})
    (row,) = read_rows(tmp_path / "run")
    metrics = row.metrics
    weights = timm.create_model("resnet18", num_classes=0).parameters()
    assert metrics["parameters_m"] == sum(w.numel() for w in weights) / 1e6
    assert metrics["quality"] == 0.6
    assert metrics["images_per_second"] == pytest.approx(1e3 / metrics["latency_ms"])
    # At least the float32 weights, and far less than a process with torch.
    assert 4 * metrics["parameters_m"] < metrics["memory_mb"] < 4 * metrics["parameters_m"] + 200
    assert list(run["tables"][0]["rows"]) == ["resnet18@64", "all"]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("kill -9 $$", "a@64: the process was killed by signal 9; out of memory?"),
        ("echo Traceback >&2; echo 'no such thing' >&2; exit 1", "a@64: no such thing"),
    ],
)
def test_failed_measurement_raises_frame_error_with_reason(tmp_path, monkeypatch, script, message):
    protocol = Speed(write_ecssd(tmp_path / "data") / "images", CONFIG, ["a"], [64])
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(python))
    with pytest.raises(FrameError) as failure:
        protocol.evaluate("a@64")
    assert str(failure.value) == message


def test_unknown_backbone_ends_probe_with_one_line(tmp_path, monkeypatch):
    data = write_ecssd(tmp_path / "data") / "images"
    request = ProbeRequest({"backbone": "resnet1", "weights": "random"}, str(data), 1, 1)
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(asdict(request))))
    with pytest.raises(SystemExit, match="resnet1: not a model of timm; did you mean resnet"):
        main()


def test_summary_plots_backbones_with_known_quality(tmp_path):
    protocol = Speed(write_ecssd(tmp_path / "data") / "images", CONFIG)
    protocol.folder = tmp_path
    rows = [Row("a@64", "a", {"latency_ms": 9.0}), Row("b@64", "b", {"latency_ms": 20.0})]
    protocol.summary(rows)
    assert not (tmp_path / "plots").exists()
    protocol.summary([*rows, Row("c@64", "c", {"latency_ms": 5.0, "quality": 0.5})])
    assert cv2.imread(str(tmp_path / "plots" / "pareto.png")).shape[1] > 1000


def test_read_quality_is_by_backbone_and_resolution(tmp_path):
    runs = [write_run(tmp_path / str(size), "resnet18", size, size / 1000) for size in (224, 308)]
    assert read_quality(runs) == {("resnet18", 224): 0.224, ("resnet18", 308): 0.308}
    assert read_quality([f"{runs[0]}/run.json"]) == {("resnet18", 224): 0.224}


def test_read_quality_ignores_undefined_values(tmp_path):
    write_run(tmp_path / "a", "resnet18", 64, None)
    assert read_quality([tmp_path / "a"]) == {}


def test_read_quality_rejects_incomparable_runs(tmp_path):
    first = write_run(tmp_path / "a", "resnet18", 224, 0.5)
    with pytest.raises(ConfigError, match="a second run of resnet18@224"):
        read_quality([first, first])
    other = write_run(tmp_path / "b", "resnet50", 224, 0.5, protocol="davis")
    with pytest.raises(ConfigError, match="runs of davis, knn"):
        read_quality([first, other])
    with pytest.raises(ConfigError, match=r"nowhere"):
        read_quality([tmp_path / "nowhere"])


def test_missing_data_raises_source_error_before_measurement(tmp_path):
    with pytest.raises(SourceError, match="nowhere"):
        Speed(tmp_path / "nowhere", CONFIG)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_memory_on_gpu_exceeds_weights(tmp_path):
    data = write_ecssd(tmp_path / "data") / "images"
    config = CONFIG.model_copy(update={"device": "cuda"})
    metrics = Speed(data, config, ["resnet18"], [64], passes=1).evaluate("resnet18@64").metrics
    assert metrics["memory_mb"] > 4 * metrics["parameters_m"]
