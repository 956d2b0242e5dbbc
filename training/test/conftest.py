"""Shared by the tests of the training module: the real data, where it is."""

from __future__ import annotations

import ctypes
import os
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("SCENEREP_DATA", ROOT.parent / "shared" / "data"))

os.environ["HF_HUB_OFFLINE"] = "1"

# Open3D loads libusb, which minimal machines lack; a library that is loaded already serves it too.
if libusb := find_spec("libusb_package"):
    ctypes.CDLL(str(Path(libusb.origin).with_name("libusb-1.0.so")), mode=ctypes.RTLD_GLOBAL)


@pytest.fixture(scope="session", autouse=True)
def limit_worker_threads():
    """Small networks are slower on many threads, and much slower beside other processes."""
    import torch  # slow: not for a test run that selects nothing of this module

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def real_data():
    """Path of one real data set by its name; skips the test where it is absent."""

    def find(name: str) -> Path:
        if not (DATA / name).is_dir():
            pytest.skip(f"real data {name} is not in {DATA}; set SCENEREP_DATA")
        return DATA / name

    return find
