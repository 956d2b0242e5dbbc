"""`scenerep export`."""

import json
from contextlib import redirect_stdout
from io import StringIO

import numpy as np
import pytest
import timm
import torch

from scenerep_ros.backbones import load_backbone
from scenerep_ros.backbones.weights.checkpoint import ModelCard, save_checkpoint
from scenerep_ros.cli.main import main
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import ConfigError
from scenerep_ros.segmentation.rgb.foreground_head import load_foreground_head

pytest.importorskip("openvino", reason="openvino is installed on x86 only")
NAME = "vit_tiny_patch16_224"


@pytest.fixture(scope="module")
def options(tmp_path_factory, tabletop_folder):
    """Return flags for a checkpoint of a small network, with a head."""
    folder = tmp_path_factory.mktemp("export")
    checkpoint = folder / "checkpoint"
    card = ModelCard(
        architecture=NAME,
        mean=(0.5,) * 3,
        std=(0.5,) * 3,
        resolution=96,
        origin="test",
        license="none",
    )
    torch.manual_seed(0)
    save_checkpoint(checkpoint, timm.create_model(NAME, num_classes=0).state_dict(), card)
    head = {"weight": torch.ones(3, 192), "bias": torch.zeros(3)}
    save_checkpoint(checkpoint / "foreground_head", head, card)
    network = ["--backbone", NAME, "--weights", str(checkpoint), "--resolution", "96"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCENEREP_CACHE", str(folder / "cache"))
        yield [*network, "--calibration", str(tabletop_folder), "--frames", "2"]


@pytest.fixture(scope="module")
def int8_export(options, tmp_path_factory):
    """Return the folder of an int8 export, and what the command printed."""
    out = tmp_path_factory.mktemp("int8") / "out"
    with redirect_stdout(StringIO()) as output:
        assert main(["export", "--out", str(out), "--precision", "int8", *options]) == 0
    return out, output.getvalue()


@pytest.mark.slow
def test_export_to_int8_writes_a_network_with_its_parity(int8_export):
    out, text = int8_export
    names = {path.name for path in out.iterdir() if path.is_file()}
    assert names == {"graph.yaml", "model.xml", "model.bin", "position.npz", "parity.json"}
    parity = json.loads((out / "parity.json").read_text())
    assert 0.99 <= parity["feature_cosine"] < 1
    assert parity["label_agreement"] > 0.95
    assert "feature cosine" in text
    backbone = load_backbone(BackboneOptions(weights=str(out)))
    assert (backbone.name, backbone.runtime) == (NAME, "openvino int8")
    assert backbone(np.zeros((480, 640, 3), np.uint8), 96).attention.shape == (3, 6, 8)
    with pytest.raises(ConfigError, match=r"runtime = 'torch': .* is an exported graph"):
        load_backbone(BackboneOptions(weights=str(out), runtime="torch"))


@pytest.mark.slow
def test_export_keeps_head(int8_export):
    exported = BackboneOptions(weights=str(int8_export[0]))
    assert load_foreground_head(exported).weight.shape == (3, 192)


@pytest.mark.slow
def test_export_below_the_floor_is_refused_with_its_layer(options, tmp_path, monkeypatch, capsys):
    from scenerep_ros.export import parity

    constants = parity.ParityConstants(min_cosine=1.1)
    monkeypatch.setattr(parity, "CONSTANTS", constants)
    assert main(["export", "--out", str(tmp_path / "out"), "--format", "onnx", *options]) == 1
    error = capsys.readouterr().err
    assert "refused, feature cosine" in error
    assert "rises most at layer /" in error
    assert not (tmp_path / "out").exists()
