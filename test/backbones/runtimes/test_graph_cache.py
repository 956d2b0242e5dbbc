"""Cache of exported graphs."""

import os
import subprocess
import sys

import pytest

from scenerep_ros.backbones.runtimes import graph_cache
from scenerep_ros.backbones.runtimes.graph import (
    CARD_NAME,
    POSITION_NAME,
    PositionTable,
    read_graph,
)
from scenerep_ros.backbones.runtimes.graph_cache import cached_graph
from scenerep_ros.errors import WeightsError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Use an empty cache."""
    monkeypatch.setenv("SCENEREP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "graphs"


class Export:
    """Writes a folder and counts the calls."""

    def __init__(self, error=None):
        self.count = 0
        self.error = error

    def __call__(self, folder):
        self.count += 1
        (folder / "model.onnx").write_text("a graph")
        if self.error:
            raise self.error
        (folder / CARD_NAME).write_text("a card")


def test_cached_graph_is_exported_once(cache):
    export = Export()
    folders = [cached_graph("vit", export) for _ in range(2)]
    assert folders == [cache / "vit"] * 2
    assert export.count == 1
    assert [path.name for path in cache.iterdir()] == ["vit"]


def test_cached_graph_without_a_card_is_exported_again(cache):
    (cache / "vit").mkdir(parents=True)
    (cache / "vit" / "model.onnx").write_text("half a graph")
    assert (cached_graph("vit", Export()) / "model.onnx").read_text() == "a graph"


def test_cached_graph_after_a_failed_export_leaves_no_files(cache):
    with pytest.raises(ValueError, match="unsupported"):
        cached_graph("vit", Export(ValueError("unsupported")))
    assert list(cache.iterdir()) == []


def test_cached_graph_removes_what_a_killed_export_left(cache):
    program = (
        "import os, sys; from scenerep_ros.backbones.runtimes.graph_cache import cached_graph\n"
    )
    program += "cached_graph('vit', lambda folder: os._exit(folder.is_dir() and 9))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 9
    assert [path.name[:5] for path in cache.iterdir()] == [".vit."]
    cached_graph("vit", Export())
    assert [path.name for path in cache.iterdir()] == ["vit"]


def test_cached_graph_in_an_unwritable_cache_warns_and_works(cache, caplog):
    cache.parent.write_text("a file in place of the folder")
    folder = cached_graph("vit", Export())
    assert (folder / CARD_NAME).read_text() == "a card"
    assert "cannot be written" in caplog.text
    assert "SCENEREP_CACHE" in caplog.text


def test_cached_graph_removes_those_unused_for_longest(cache, monkeypatch):
    monkeypatch.setattr(graph_cache, "MAX_GRAPHS", 2)
    for age, name in ((20, "first"), (10, "second")):
        stamp = (cached_graph(name, Export()).stat().st_mtime - age,) * 2
        os.utime(cache / name, stamp)
    cached_graph("first", Export())
    cached_graph("third", Export())
    assert sorted(path.name for path in cache.iterdir()) == ["first", "third"]


@pytest.mark.parametrize("text", ["a card", "", "stride: 14", ":\n:", "mean: 2024-13-45"])
def test_read_graph_with_a_damaged_card_is_rejected(tmp_path, text):
    (tmp_path / CARD_NAME).write_text(text)
    with pytest.raises(WeightsError, match=r"graph\.yaml: no card of an exported graph"):
        read_graph(tmp_path)


def test_read_graph_with_an_incomplete_card_lists_its_fields(tmp_path):
    (tmp_path / CARD_NAME).write_text("architecture: student\nmean: [0, 0, 0]\nstd: [1, 1, 1]\n")
    with pytest.raises(
        WeightsError, match=r"\(stride: Field required; .*\); copy or export"
    ) as error:
        read_graph(tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" + bytes(100), b"position"])
def test_damaged_position_table_is_rejected_by_name(tmp_path, content):
    (tmp_path / POSITION_NAME).write_bytes(content)
    with pytest.raises(WeightsError, match=r"position\.npz: damaged .* export the graph again"):
        PositionTable.load(tmp_path / POSITION_NAME)


def test_pipeline_module_imports_neither_torch_nor_timm_nor_matplotlib():
    script = (
        "import sys, scenerep_ros.pipeline\n"
        "from scenerep_ros.backbones.registry import BACKBONES\n"
        "'name' in BACKBONES\n"
        "print([name for name in ('torch', 'timm', 'torchvision', 'matplotlib') if name in sys.modules])"
    )
    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert output.stdout.strip() == "[]"
