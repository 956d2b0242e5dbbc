"""Threads of OpenBLAS, which numpy reads at its first import."""

import os
import subprocess
import sys

PROGRAM = """
from scenerep_training.networks import objects
from threadpoolctl import threadpool_info
print({pool["num_threads"] for pool in threadpool_info() if pool["internal_api"] == "openblas"})
"""


def test_openblas_has_one_thread_in_training():
    variables = {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"}
    environment = {name: value for name, value in os.environ.items() if name not in variables}
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "{1}"
