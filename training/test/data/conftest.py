"""Fixtures of the data tests: a private cache and the embedded recording."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Use a temporary cache folder instead of the user's."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("SCENEREP_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def tabletop():
    """Embedded sequence: 60 rendered frames with depth, poses and instance masks."""
    return Path(__file__).resolve().parents[3] / "test" / "data" / "tabletop"
