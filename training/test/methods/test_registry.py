"""Tests of the registry of training methods: built-in methods and plug-ins."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import plug_in
import pytest
import yaml
from scenerep_training.cli import train
from scenerep_training.methods.base import Method
from scenerep_training.methods.registry import METHODS

from scenerep_ros.config.registry import Registry
from scenerep_ros.errors import ConfigError

TABLETOP = Path(__file__).resolve().parents[3] / "test" / "data" / "tabletop"
BUILT_IN = ["byol", "dino", "distill", "heads", "moco", "odin", "simclr"]


@pytest.fixture
def distribution(tmp_path):
    folder = tmp_path / "site-packages"
    folder.mkdir()
    return plug_in.write_distribution(folder)


def test_registry_contains_every_file_of_methods():
    assert list(METHODS)[: len(BUILT_IN)] == BUILT_IN
    assert all(issubclass(method, Method) and method.summary for _, method in METHODS.items())


def test_registry_unknown_method_suggests_similar_names():
    with pytest.raises(ConfigError, match="training method dyno: unknown; did you mean dino"):
        METHODS["dyno"]


@pytest.mark.parametrize("name", BUILT_IN)
def test_subcommand_help_shows_paper_and_options(name, capsys):
    with pytest.raises(SystemExit) as error:
        train.main([name, "--help"])
    assert error.value.code == 0
    text = capsys.readouterr().out
    assert METHODS[name].__doc__.splitlines()[0] in text
    assert all(
        f"--{option.replace('_', '-')}" in text for option in METHODS[name].Options.model_fields
    )


def test_plug_in_appears_in_help_with_its_options(distribution, monkeypatch, capsys):
    monkeypatch.syspath_prepend(distribution)
    registry = Registry("training method", "scenerep_training.config", "scenerep_training.methods")
    monkeypatch.setattr(train, "METHODS", registry)
    parser = train.build_parser()
    assert f"{plug_in.NAME}  " in parser.format_help()
    assert plug_in.SUMMARY in parser.format_help()
    arguments = [plug_in.NAME, "--data", "x", "--output", "y", "--strength", "2", "--seed", "3"]
    assert (parser.parse_args(arguments).strength, parser.parse_args(arguments).seed) == (2.0, 3)


@pytest.mark.slow
def test_plug_in_trains_from_the_command_line(distribution, tmp_path):
    path = os.pathsep.join([str(distribution), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "scenerep_training.cli.train", plug_in.NAME]
    command += ["--data", str(TABLETOP), "--output", str(tmp_path / "run"), "--device", "cpu"]
    command += ["--backbone", "test_resnet", "--init", "random", "--workers", "0"]
    command += [
        "--crop-size",
        "64",
        "--batch-size",
        "2",
        "--max-steps",
        "2",
        "--preview-every",
        "0",
    ]
    done = subprocess.run(
        [*command, "--strength", "0.5"],
        env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    training = yaml.safe_load((tmp_path / "run" / "model.yaml").read_text())["training"]
    assert (training["method"], training["options"]["strength"]) == (plug_in.NAME, 0.5)
