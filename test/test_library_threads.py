"""Threads of the libraries that the stages beside the network use."""

import os
import subprocess
import sys

PROGRAM = """
import os, scenerep_ros, cv2, numpy
print(cv2.getNumThreads(), os.environ["OPENBLAS_NUM_THREADS"])
"""
VARIABLES = ("OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")


def library_threads(**environment: str) -> list[str]:
    inherited = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.split()


def test_libraries_have_one_thread_by_default():
    assert library_threads() == ["1", "1"]


def test_number_of_library_threads_of_the_user_is_kept():
    assert library_threads(OPENBLAS_NUM_THREADS="3", OPENCV_FOR_THREADS_NUM="2") == ["2", "3"]
