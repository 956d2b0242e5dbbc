"""Resolution of the cache folder from the environment."""

from pathlib import Path

import pytest

from scenerep_ros.filesystem.cache import cache_folder


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch):
    monkeypatch.delenv("SCENEREP_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)


def test_cache_folder_without_variables_is_below_home():
    assert cache_folder() == Path.home() / ".cache" / "scenerep"


def test_cache_folder_follows_the_xdg_variable(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/xdg")
    assert cache_folder() == Path("/var/xdg/scenerep")


def test_cache_folder_prefers_the_own_variable(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/xdg")
    monkeypatch.setenv("SCENEREP_CACHE", "~/own")
    assert cache_folder() == Path.home() / "own"
