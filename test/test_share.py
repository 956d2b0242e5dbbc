"""Where launch files, parameter files and the middleware's profile are."""

from pathlib import Path

import pytest

from scenerep_ros.share import OLD_PROFILE, PROFILE, fastdds_settings, share_folder

VARIABLES = (PROFILE, OLD_PROFILE, "FASTDDS_BUILTIN_TRANSPORTS")


def test_share_holds_all_that_nodes_are_started_with():
    share = share_folder()
    assert (share / "config" / "fastdds.xml").is_file()
    assert (share / "launch" / "tum.launch.py").is_file()
    assert (share / "package.xml").is_file()


def test_every_version_of_fast_dds_is_told_of_the_profile(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    settings = fastdds_settings()
    assert set(settings) == {PROFILE, OLD_PROFILE}
    assert all(Path(value).name == "fastdds.xml" for value in settings.values())
    assert all(Path(value).is_file() for value in settings.values())


@pytest.mark.parametrize("chosen", VARIABLES)
def test_what_the_user_has_configured_wins(monkeypatch, chosen):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(chosen, "mine")
    assert fastdds_settings() == {}
