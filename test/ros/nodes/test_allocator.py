"""Heaps of the C library in a process with many threads."""

import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, sys, threading
from scenerep_ros.ros.nodes.allocator import limit_allocator
limit_allocator()
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
barrier = threading.Barrier(4)
def allocate():
    barrier.wait()
    libc.malloc(ctypes.c_size_t(50_000))
    barrier.wait()
threads = [threading.Thread(target=allocate) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs glibc")
def test_allocator_limited_process_has_one_heap(tmp_path, monkeypatch):
    monkeypatch.delenv("MALLOC_ARENA_MAX", raising=False)
    assert count_heaps(tmp_path / "limited.xml") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="needs glibc")
def test_allocator_setting_of_the_user_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("MALLOC_ARENA_MAX", "4")
    assert count_heaps(tmp_path / "own.xml") > 1


def count_heaps(file):
    subprocess.run([sys.executable, "-c", PROGRAM, str(file)], check=True)
    return file.read_text().count("<heap nr=")
