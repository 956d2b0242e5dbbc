"""Tests that the shipped settings are valid options of their methods."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from scenerep_training.methods.registry import METHODS

from scenerep_ros.backbones.weights.download import WHEELS
from scenerep_ros.backbones.weights.packaged import STUDENT

CONFIGS = sorted((Path(__file__).parents[1] / "configs").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_shipped_config_is_valid(path):
    values = yaml.safe_load(path.read_text())
    options = METHODS[path.stem.split("-")[0]].Options(**values)
    assert options.model_fields_set == set(values)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_shipped_config_starts_without_hub(path):
    options = METHODS[path.stem.split("-")[0]].Options(**yaml.safe_load(path.read_text()))
    is_packaged = options.backbone == STUDENT or options.backbone.split(".")[0] in WHEELS
    assert options.init == "random" or (options.init == "auto" and is_packaged)


def test_configs_include_the_study_settings():
    assert {"byol-256", "byol-512", "dino"} <= {path.stem for path in CONFIGS}
