"""Fixtures of the training tests: real data and one thread."""

from __future__ import annotations

import ctypes
import os
from importlib.util import find_spec
from pathlib import Path

import property_settings  # noqa: F401 - sets hypothesis up
import pytest
from fatal_errors import keep_faulthandler
from kinds import mark_kinds

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("SCENEREP_DATA", ROOT.parent / "shared" / "data"))

os.environ["HF_HUB_OFFLINE"] = "1"

pytest_collection_modifyitems = mark_kinds
pytest_runtest_setup = keep_faulthandler
# A robot installs scenerep_ros alone, and colcon runs the tests of the whole tree there.
collect_ignore_glob = [] if find_spec("scenerep_training") else ["*"]

# Open3D loads libusb, which minimal machines lack; a library that is loaded already serves it too.
if libusb := find_spec("libusb_package"):
    ctypes.CDLL(str(Path(libusb.origin).with_name("libusb-1.0.so")), mode=ctypes.RTLD_GLOBAL)


@pytest.fixture(scope="session", autouse=True)
def single_thread():
    """Restrict torch to one thread: small networks are slower on several."""
    import torch  # a slow import, which a run without these tests need not pay

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def real_data():
    """Function that returns the path of a real data set, or skips the test if it is missing."""

    def find(name: str) -> Path:
        if not (DATA / name).is_dir():
            pytest.skip(f"real data {name} is not in {DATA}; set SCENEREP_DATA")
        return DATA / name

    return find
