"""Atomic writes of bytes and images."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from scenerep_ros.errors import ScenerepError
from scenerep_ros.filesystem.atomic import (
    atomic_folder,
    atomic_path,
    write_atomically,
    write_error,
    write_image,
)


def test_write_atomically_leaves_only_the_complete_file(tmp_path):
    write_atomically(tmp_path / "a" / "report.json", b"{}")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["report.json"]
    assert (tmp_path / "a" / "report.json").read_bytes() == b"{}"


def test_write_atomically_replaces_an_existing_file(tmp_path):
    (tmp_path / "a").write_bytes(b"a longer old content")
    write_atomically(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"


@pytest.fixture
def flushed(monkeypatch):
    """Content of the files that were flushed to the disk, by inode."""
    contents, fsync = {}, os.fsync

    def record(descriptor):
        contents[os.fstat(descriptor).st_ino] = os.pread(descriptor, 100, 0)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    return contents


def test_write_atomically_flushes_before_it_renames(tmp_path, flushed):
    write_atomically(tmp_path / "model.yaml", b"card")
    assert flushed[(tmp_path / "model.yaml").stat().st_ino] == b"card"


def test_atomic_folder_flushes_all_files_before_it_renames(tmp_path, flushed):
    with atomic_folder(tmp_path / "map", lambda _: False) as folder:
        (folder / "views").mkdir()
        for name in ("cloud.ply", "views/0"):
            (folder / name).write_text(name)
    for name in ("cloud.ply", "views/0"):
        assert flushed[(tmp_path / "map" / name).stat().st_ino] == name.encode()


def test_write_atomically_applies_the_umask(tmp_path):
    previous = os.umask(0o027)
    try:
        write_atomically(tmp_path / "a", b"")
    finally:
        os.umask(previous)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_atomic_path_is_a_sibling_with_the_same_suffix(tmp_path):
    with atomic_path(tmp_path / "x.png") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".png"
        assert not (tmp_path / "x.png").exists()
    assert (tmp_path / "x.png").exists()


def test_atomic_path_keeps_the_existing_file_on_failure(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(b"older")
    with pytest.raises(ZeroDivisionError), atomic_path(path) as temporary:  # noqa: PT012
        temporary.write_bytes(b"half")
        raise ZeroDivisionError
    assert path.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [path]


def test_write_atomically_names_a_folder_that_cannot_be_created(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ScenerepError, match=r"cannot write .*file/x"):
        write_atomically(tmp_path / "file" / "x", b"")


@pytest.mark.parametrize(("shape", "dtype"), [((4, 5, 3), np.uint8), ((4, 5), np.uint16)])
def test_write_image_png_reads_back_unchanged(tmp_path, shape, dtype):
    image = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype)
    write_image(tmp_path / "a.png", image)
    decoded = cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_UNCHANGED)
    assert decoded.dtype == dtype
    np.testing.assert_array_equal(decoded, image[..., ::-1] if image.ndim == 3 else image)


def never(_folder):
    return False


def test_atomic_folder_appears_complete_with_its_files(tmp_path):
    with atomic_folder(tmp_path / "a" / "map", never) as folder:
        (folder / "x").write_text("1")
        assert not (tmp_path / "a" / "map").exists()
    assert [path.name for path in (tmp_path / "a").rglob("*")] == ["map", "x"]


def test_atomic_folder_replaces_an_old_one_completely(tmp_path):
    (tmp_path / "old").write_text("1")
    with atomic_folder(tmp_path, lambda folder: (folder / "old").exists()) as folder:
        (folder / "new").write_text("2")
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_atomic_folder_after_an_error_leaves_the_old_one(tmp_path):
    target = tmp_path / "map"
    target.mkdir()
    (target / "old").write_text("1")
    with pytest.raises(FileNotFoundError), atomic_folder(target, lambda _: True) as folder:
        (folder / "missing" / "new").write_text("2")
    assert [path.name for path in tmp_path.rglob("*")] == ["map", "old"]


def test_atomic_folder_keeps_a_folder_of_other_files(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ScenerepError, match="it holds other files"), atomic_folder(tmp_path, never):
        pass
    assert (tmp_path / "notes.txt").read_text() == "mine"


KILLED = """
import os, signal, sys
from pathlib import Path
from scenerep_ros.filesystem import atomic
with atomic.atomic_folder(Path(sys.argv[1]), lambda _: True) as folder:
    (folder / "half").write_text("1")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_atomic_folder_removes_what_a_killed_process_left(tmp_path):
    target = tmp_path / "map"
    assert subprocess.run([sys.executable, "-c", KILLED, str(target)]).returncode == -9
    assert [path.name for path in tmp_path.iterdir()] != ["map"]
    with atomic_folder(target, never) as folder:
        (folder / "new").write_text("2")
    assert [path.name for path in tmp_path.rglob("*")] == ["map", "new"]


def test_atomic_folder_of_another_process_is_kept(tmp_path):
    with atomic_folder(tmp_path / "map", never) as first:
        (first / "x").write_text("1")
        with atomic_folder(tmp_path / "map", never) as second:
            (second / "y").write_text("2")
        assert (first / "x").read_text() == "1"
        (tmp_path / "map" / "y").unlink()
    assert [path.name for path in tmp_path.rglob("*")] == ["map", "x"]


def test_atomic_folder_restores_an_old_one_that_was_being_replaced(tmp_path):
    left = tmp_path / ".map.a1b2c3d4"
    (left / "old").mkdir(parents=True)
    (left / "new").mkdir()
    (left / "old" / "x").write_text("1")
    with pytest.raises(ZeroDivisionError), atomic_folder(tmp_path / "map", never):
        raise ZeroDivisionError
    assert [path.name for path in tmp_path.rglob("*")] == ["map", "x"]


def test_atomic_folder_leaves_hidden_folders_of_others(tmp_path):
    (tmp_path / ".map.settings").mkdir()
    (tmp_path / ".map.settings" / "mine").write_text("1")
    with atomic_folder(tmp_path / "map", never):
        pass
    assert (tmp_path / ".map.settings" / "mine").exists()


def test_atomic_folder_full_disk_error_names_the_target(tmp_path):
    target = tmp_path / "map"
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    text = f"cannot write {target}: .*the disk is full"
    with pytest.raises(ScenerepError, match=text), atomic_folder(target, never):
        raise full
    text = f"cannot write {target}/cloud: "
    with pytest.raises(ScenerepError, match=text), atomic_folder(target, never) as folder:
        raise write_error(folder / "cloud", full)
    assert list(tmp_path.iterdir()) == []


def test_write_error_names_the_disk_only_if_full():
    full = write_error(Path("a"), OSError(errno.ENOSPC, "No space left on device"))
    assert "the disk is full" in str(full)
    denied = write_error(Path("a"), PermissionError(errno.EACCES, "Permission denied"))
    assert str(denied) == "cannot write a: Permission denied; check the folder"
