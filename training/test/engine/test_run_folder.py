"""Tests of the run folder: settings of a resumed run, and JSON files."""

from __future__ import annotations

import json

import pytest
from scenerep_training.engine.run_folder import claim_run_folder, read_json, to_json

from scenerep_ros.errors import ConfigError

SETTINGS = {"method": "dino", "seed": 0, "command": "scenerep-train dino"}


def test_claim_writes_settings_and_accepts_another_command(tmp_path):
    claim_run_folder(tmp_path / "run", SETTINGS)
    assert read_json(tmp_path / "run" / "settings.json") == SETTINGS
    claim_run_folder(tmp_path / "run", SETTINGS | {"command": "scenerep-train dino --seed 0"})


@pytest.mark.parametrize("other", [SETTINGS | {"seed": 1}, {"method": "dino"}])
def test_claim_of_another_run_raises_and_names_setting(tmp_path, other):
    claim_run_folder(tmp_path, SETTINGS)
    with pytest.raises(ConfigError, match="other settings \\(seed"):
        claim_run_folder(tmp_path, other)


def test_to_json_replaces_non_finite_numbers_by_null():
    value = {"nested": [float("nan"), (float("inf"), 1.5)], "text": "nan"}
    assert json.loads(to_json(value)) == {"nested": [None, [None, 1.5]], "text": "nan"}


@pytest.mark.parametrize(
    ("content", "message"), [("{", "cannot be read"), ("[1]", "no JSON object")]
)
def test_read_json_of_invalid_file_raises(tmp_path, content, message):
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(ConfigError, match=message):
        read_json(tmp_path / "run.json")
