from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Where recordings are unpacked: not where the user's are."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("SCENEREP_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def tabletop():
    """The embedded sequence: 60 rendered frames with depth, poses and instance masks."""
    return Path(__file__).resolve().parents[3] / "test" / "data" / "tabletop"
