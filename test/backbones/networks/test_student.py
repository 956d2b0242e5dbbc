"""Tests of the distilled student as a backbone."""

from __future__ import annotations

import numpy as np
import pytest
import safetensors.torch
import torch

from scenerep_ros.backbones import load_backbone
from scenerep_ros.backbones.networks.student import StudentNetwork
from scenerep_ros.backbones.weights import packaged
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import WeightsError
from scenerep_ros.sources import open_source

IMAGE = np.random.default_rng(0).integers(0, 256, (80, 112, 3), np.uint8)


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> str:
    torch.manual_seed(0)
    network = StudentNetwork()
    network.attention_mass.fill_(0.8)
    path = tmp_path_factory.mktemp("student") / "student.safetensors"
    safetensors.torch.save_file(network.state_dict(), path)
    return str(path)


@pytest.fixture
def load(monkeypatch, tmp_path):
    monkeypatch.setenv("SCENEREP_CACHE", str(tmp_path))

    def build(**changes):
        options = {"backbone": "student", "device": "cpu", "precision": "fp32"}
        return load_backbone(BackboneOptions(**(options | changes)))

    return build


@pytest.mark.parametrize("resolution", [80, 48])
def test_student_predicts_features_and_attention_of_teacher_shape(load, weights, resolution):
    features = load(weights=weights, runtime="torch")(IMAGE, resolution)
    height, width = resolution // 16, round(resolution / 80 * 7)
    assert features.grid.shape == (height, width, 384)
    np.testing.assert_allclose(features.attention.sum(axis=(1, 2)), 0.8, rtol=1e-5)


def test_student_with_openvino_equals_torch(load, weights):
    pytest.importorskip("openvino", reason="openvino is installed on x86 only")
    exported = load(weights=weights, runtime="openvino")(IMAGE, 80)
    expected = load(weights=weights, runtime="torch")(IMAGE, 80)
    for name in ("grid", "pooled", "attention"):
        actual, wanted = getattr(exported, name), getattr(expected, name)
        np.testing.assert_allclose(actual, wanted, rtol=1e-3, atol=1e-4)


def test_student_without_packaged_weights_raises(load, monkeypatch, tmp_path):
    monkeypatch.setattr(packaged, "PACKAGE_FOLDER", tmp_path)
    with pytest.raises(WeightsError, match="ships no weights"):
        load()


def test_student_of_hub_raises(load):
    with pytest.raises(WeightsError, match="in no hub"):
        load(weights="hub")


def test_packaged_student_predicts_features_of_its_teacher(load, tabletop_folder):
    frame = next(iter(open_source(tabletop_folder)))
    student = load(weights="auto")(frame.color, 352)
    teacher = load_backbone(BackboneOptions())(frame.color, 308)
    assert student.grid.shape == teacher.grid.shape
    lengths = np.linalg.norm(student.grid, axis=2) * np.linalg.norm(teacher.grid, axis=2)
    cosine = (student.grid * teacher.grid).sum(axis=2) / lengths
    assert cosine.mean() > 0.5  # 0 for unrelated features


def test_default_network_has_the_student_as_alternative():
    assert packaged.candidate_backbones(BackboneOptions())[1] == "student"
    assert packaged.candidate_backbones(BackboneOptions(weights="wheel")) == [
        BackboneOptions().backbone
    ]
