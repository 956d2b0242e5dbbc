"""Shared-memory files that killed processes have left."""

from __future__ import annotations

import fcntl
import os

import pytest

from scenerep_ros.ros.transport import shared_memory
from scenerep_ros.ros.transport.shared_memory import remove_dead_segments

SEGMENT = "fastdds_0123456789abcdef"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(shared_memory, "SHARED_MEMORY", tmp_path)
    return tmp_path


def write_segment(folder, name=SEGMENT, age_s=60.0):
    """Write a segment and its lock file, which a killed process has unlocked."""
    (folder / name).write_bytes(b"data")
    lock = folder / f"{name}_el"
    lock.touch()
    stamp = lock.stat().st_mtime - age_s
    os.utime(lock, (stamp, stamp))
    return lock


def test_remove_dead_segments_removes_segment_and_lock(folder):
    write_segment(folder)
    write_segment(folder, SEGMENT.replace("dds", "rtps"))
    assert len(remove_dead_segments()) == 2
    assert list(folder.iterdir()) == []


def test_remove_dead_segments_keeps_those_of_running_processes(folder):
    with write_segment(folder).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert remove_dead_segments() == []
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize(
    ("name", "age_s"), [(SEGMENT, 0.0), ("fastdds_port7412", 60.0), ("fastdds_mine", 60.0)]
)
def test_remove_dead_segments_keeps_new_and_other_files(folder, name, age_s):
    write_segment(folder, name, age_s)
    assert remove_dead_segments() == []
    assert len(list(folder.iterdir())) == 2


def test_remove_dead_segments_without_shared_memory_does_nothing(folder, monkeypatch):
    monkeypatch.setattr(shared_memory, "SHARED_MEMORY", folder / "missing")
    assert remove_dead_segments() == []
