"""Share folder, Fast DDS profile and executables."""

import os
from pathlib import Path

import pytest

from scenerep_ros.filesystem.share import (
    OLD_PROFILE,
    PROFILE,
    configure_fastdds,
    executable_path,
    fastdds_environment,
    share_folder,
)

VARIABLES = (PROFILE, OLD_PROFILE, "FASTDDS_BUILTIN_TRANSPORTS")


def test_share_folder_holds_launch_and_config():
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
def test_fastdds_environment_uses_the_variable_of_the_installed_version(
    monkeypatch, distro, wheel, variable
):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ROS_DISTRO", distro)
    monkeypatch.setattr("scenerep_ros.filesystem.share.version", lambda _: wheel)
    ((name, value),) = fastdds_environment().items()
    assert name == variable
    assert Path(value).is_file()


@pytest.mark.parametrize("configured", VARIABLES)
def test_fastdds_environment_is_empty_when_the_user_configured_it(monkeypatch, configured):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(configured, "mine")
    assert fastdds_environment() == {}


def test_fastdds_environment_leaves_other_middleware_alone(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RMW_IMPLEMENTATION", "rmw_zenoh_cpp")
    assert fastdds_environment() == {}


def test_configure_fastdds_respects_profile_in_working_folder(monkeypatch, tmp_path):
    for name in VARIABLES:
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("ROS_DISTRO", "kilted")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "DEFAULT_FASTDDS_PROFILES.xml").touch()
    configure_fastdds()
    assert not os.environ[PROFILE]
    (tmp_path / "DEFAULT_FASTDDS_PROFILES.xml").unlink()
    configure_fastdds()
    assert Path(os.environ[PROFILE]).is_file()


@pytest.mark.parametrize("folder", ["lib/scenerep_ros", "bin"])
def test_executable_path_finds_colcon_and_pip_installs(tmp_path, folder):
    executable = tmp_path / folder / "segmenter"
    executable.parent.mkdir(parents=True)
    executable.touch(mode=0o755)
    share = tmp_path / "share" / "scenerep_ros"
    assert executable_path(share, "segmenter") == str(executable)


def test_executable_path_of_a_missing_node_names_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="executable no_such_node is not in"):
        executable_path(tmp_path / "share" / "scenerep_ros", "no_such_node")
