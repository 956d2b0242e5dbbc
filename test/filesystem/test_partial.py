"""Folder whose content survives the death of its process."""

from __future__ import annotations

import subprocess
import sys

import pytest

from scenerep_ros.errors import ScenerepError
from scenerep_ros.filesystem.partial import partial_folder

KILLED = """
import os, signal, sys
from pathlib import Path
from scenerep_ros.filesystem.partial import partial_folder
with partial_folder(Path(sys.argv[1])) as folder:
    folder.mkdir()
    (folder / "half").write_text(sys.argv[2])
    os.kill(os.getpid(), signal.SIGKILL)
"""


def kill_while_writing(path, content):
    subprocess.run([sys.executable, "-c", KILLED, path, content], check=False)


def write(path, content):
    with partial_folder(path) as folder:
        folder.mkdir()
        (folder / "file").write_text(content)


@pytest.mark.parametrize("exists", [False, True])
def test_partial_folder_complete_is_renamed(tmp_path, exists):
    if exists:
        (tmp_path / "bag").mkdir()
    write(tmp_path / "bag", "1")
    assert [path.name for path in sorted(tmp_path.rglob("*"))] == ["bag", "file"]


def test_partial_folder_killed_keeps_data_and_refuses_next(tmp_path):
    kill_while_writing(tmp_path / "bag", "1")
    with pytest.raises(ScenerepError, match=r"bag\.partial/bag holds what a killed process"):
        write(tmp_path / "bag", "2")
    assert (tmp_path / "bag.partial" / "bag" / "half").read_text() == "1"


def test_partial_folder_killed_without_data_is_replaced(tmp_path):
    kill_while_writing(tmp_path / "bag", "")
    write(tmp_path / "bag", "2")
    assert [path.name for path in sorted(tmp_path.rglob("*"))] == ["bag", "file"]


def test_partial_folder_in_use_is_refused_and_stays(tmp_path):
    with partial_folder(tmp_path / "bag") as folder:
        folder.mkdir()
        with pytest.raises(ScenerepError, match="another process is writing it"):
            write(tmp_path / "bag", "2")
        (folder / "file").write_text("1")
    assert (tmp_path / "bag" / "file").read_text() == "1"


@pytest.mark.parametrize(("content", "names"), [("1", ["bag.partial", "bag", "file"]), ("", [])])
def test_partial_folder_after_an_error_keeps_data(tmp_path, content, names):
    def fail():
        with partial_folder(tmp_path / "bag") as folder:
            folder.mkdir()
            (folder / "file").write_text(content)
            raise ScenerepError("the disk is full")

    with pytest.raises(ScenerepError) as raised:
        fail()
    assert ("keeps what was written" in str(raised.value)) == bool(content)
    assert [path.name for path in sorted(tmp_path.rglob("*"))] == names


def test_partial_folder_keeps_a_folder_of_other_files(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ScenerepError, match="it holds other files"):
        write(tmp_path, "1")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
