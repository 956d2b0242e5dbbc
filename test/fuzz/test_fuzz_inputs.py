"""A short run of the fuzzing of all readers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
from fuzz.fuzz_inputs import mutate
from hypothesis import given
from hypothesis import strategies as st

SCRIPT = Path(__file__).with_name("fuzz_inputs.py")


def test_readers_of_mutated_inputs_read_or_refuse_them():
    command = [sys.executable, str(SCRIPT), "--count", "300"]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout + process.stderr
    assert process.stdout.count(", ok") == len(process.stdout.splitlines()) > 15


@given(st.binary(max_size=64), st.integers(0, 9))
def test_mutate_is_repeatable(data, seed):
    mutated = [mutate(data, np.random.default_rng(seed)) for _ in range(2)]
    assert mutated[0] == mutated[1]
