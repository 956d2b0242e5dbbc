"""The shipped settings are settings of the methods that they are named after."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from scenerep_training.methods.registry import METHODS

CONFIGS = sorted((Path(__file__).parents[1] / "configs").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_shipped_file_is_valid(path):
    given = yaml.safe_load(path.read_text())
    options = METHODS[path.stem.split("-")[0]].Options(**given)
    assert options.model_fields_set == set(given)


def test_every_study_setting_is_there():
    assert {"byol-256", "byol-512", "dino"} <= {path.stem for path in CONFIGS}
