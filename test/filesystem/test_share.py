"""Where launch files, parameter files and the middleware's profile are."""

from pathlib import Path

import pytest

from scenerep_ros.filesystem.share import OLD_PROFILE, PROFILE, fastdds_settings, share_folder

VARIABLES = (PROFILE, OLD_PROFILE, "FASTDDS_BUILTIN_TRANSPORTS")


def test_share_holds_all_that_nodes_are_started_with():
    share = share_folder()
    assert (share / "config" / "fastdds.xml").is_file()
    assert (share / "launch" / "tum.launch.py").is_file()
    assert (share / "package.xml").is_file()


@pytest.mark.parametrize(
    ("distro", "wheel", "variable"),
    [
        ("jazzy", "", OLD_PROFILE),
        ("kilted", "8.4.3", PROFILE),
        ("", "8.4.3", OLD_PROFILE),
        ("", "9.3.2", PROFILE),
        ("", "10.0.0", PROFILE),
    ],
)
def test_the_variable_is_the_one_that_this_fast_dds_reads(monkeypatch, distro, wheel, variable):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ROS_DISTRO", distro)
    monkeypatch.setattr("scenerep_ros.filesystem.share.version", lambda _: wheel)
    ((name, value),) = fastdds_settings().items()
    assert name == variable
    assert Path(value).is_file()


@pytest.mark.parametrize("chosen", VARIABLES)
def test_what_the_user_has_configured_wins(monkeypatch, chosen):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(chosen, "mine")
    assert fastdds_settings() == {}
