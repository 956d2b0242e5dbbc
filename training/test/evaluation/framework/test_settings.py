from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from scenerep_training.evaluation.framework.settings import collect_settings, weights_sha256

from scenerep_ros.backbones.weights.checkpoint import WEIGHTS_NAME
from scenerep_ros.config.pipeline import PipelineConfig


@pytest.mark.parametrize("weights", ["tuned", f"tuned/{WEIGHTS_NAME}"])
def test_weights_sha256_hashes_file_or_checkpoint_folder(tmp_path, weights):
    (tmp_path / "tuned").mkdir()
    (tmp_path / "tuned" / WEIGHTS_NAME).write_bytes(b"weights")
    expected = hashlib.sha256(b"weights").hexdigest()
    assert weights_sha256("resnet18", str(tmp_path / weights)) == expected


def test_weights_sha256_without_file_is_none():
    assert weights_sha256("resnet18", "random") is None


def test_collect_settings_returns_json_types(tmp_path):
    config = PipelineConfig(weights="random")
    flags = {"every": 2, "checkpoint": Path("a/b")}
    settings = collect_settings("co3d", tmp_path, config, flags, "scenerep-eval co3d")
    assert json.loads(json.dumps(settings)) == settings
    assert settings["data"] == str(tmp_path)
    assert settings["options"]["weights"] == "random"
    assert settings["flags"] == {"every": 2, "checkpoint": "a/b"}
