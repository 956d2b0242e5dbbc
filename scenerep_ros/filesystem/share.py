"""Installed share folder, Fast DDS profile and node executables.

The module imports the standard library only, because launch files import it.
"""

from __future__ import annotations

import os
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

NAME = "scenerep_ros"
PROFILE, OLD_PROFILE = "FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE"
"""Environment variables that name the Fast DDS profile: since version 3, and before it."""
TRANSPORTS = "FASTDDS_BUILTIN_TRANSPORTS"
"""Environment variable that selects among Fast DDS's own transports, such as LARGE_DATA."""
DEFAULT_PROFILE_FILES = ("DEFAULT_FASTDDS_PROFILES.xml", "DEFAULT_FASTRTPS_PROFILES.xml")
"""Profiles that Fast DDS reads from the working folder without a variable."""
OLD_DISTROS, OLD_WHEELS = ("humble", "iron", "jazzy"), ("6", "7", "8")
"""ROS distributions, and major versions of the rmw_fastrtps wheel, that ship Fast DDS 2."""


def share_folder() -> Path:
    """Return the folder that holds launch/ and config/.

    In a source tree it is the parent of the package; colcon and pip install it to
    PREFIX/share/scenerep_ros, and the package somewhere below the same PREFIX.

    Raises:
        FileNotFoundError: if the installation is incomplete.
    """
    for parent in Path(__file__).resolve().parents:
        for folder in (parent, parent / "share" / NAME):
            if (folder / "config" / "fastdds.xml").is_file():
                return folder
    raise FileNotFoundError(
        f"share/{NAME} is missing from the installation of {__file__}: reinstall {NAME}"
    )


def sample_sequence() -> Path:
    """Return the folder of the sample sequence: 60 rendered frames in the layout of TUM RGB-D.

    Raises:
        FileNotFoundError: if the installation is incomplete.
    """
    share = share_folder()
    for folder in (share / "sample" / "tabletop", share / "test" / "data" / "tabletop"):
        if (folder / "rgb.txt").is_file():
            return folder
    raise FileNotFoundError(f"{share}/sample is missing: reinstall {NAME}")


def profile_variable() -> str:
    """Return the name of the profile variable that the installed Fast DDS reads.

    The version is that of the sourced ROS distribution, or else of the installed ROS wheels.
    """
    distro = os.environ.get("ROS_DISTRO")
    is_old = distro in OLD_DISTROS if distro else _wheel_version() in OLD_WHEELS
    return OLD_PROFILE if is_old else PROFILE


def _wheel_version() -> str:
    """Return the major version of the rmw_fastrtps wheel, or "" where none is installed."""
    try:
        return version("ros-rmw-fastrtps-cpp").partition(".")[0]
    except PackageNotFoundError:
        return ""


def fastdds_environment() -> dict[str, str]:
    """Return the environment that gives Fast DDS enough shared memory for images.

    It is empty where another middleware is selected, or the user has configured Fast DDS already.
    """
    rmw = os.environ.get("RMW_IMPLEMENTATION") or "rmw_fastrtps_cpp"
    if "fastrtps" not in rmw or has_own_profile():
        return {}
    return {profile_variable(): str(share_folder() / "config" / "fastdds.xml")}


def has_own_profile() -> bool:
    """Check for a Fast DDS configuration of the user: a variable, or a file in the working folder."""
    is_set = any(os.environ.get(name) for name in (PROFILE, OLD_PROFILE, TRANSPORTS))
    return is_set or any(Path(name).is_file() for name in DEFAULT_PROFILE_FILES)


def configure_fastdds() -> None:
    """Give this process, and those that it starts, enough shared memory for images.

    Fast DDS reads its profile when the first context is initialized, so call it before rclpy.init.
    """
    os.environ.update(fastdds_environment())


def executable_path(share: Path, name: str) -> str:
    """Find the executable of a node that colcon or pip installed.

    colcon installs to lib/scenerep_ros/, where `ros2 run` looks; pip installs to bin/.

    Args:
        share: folder that holds launch/ and config/: PREFIX/share/scenerep_ros, or a source tree.
        name: name of the executable.

    Raises:
        FileNotFoundError: if no folder holds the executable.
    """
    prefix = share.parents[1]
    folders = [prefix / "lib/scenerep_ros", prefix / "bin", Path(sys.executable).parent]
    for folder in (*map(str, folders), os.environ.get("PATH")):
        path = shutil.which(name, path=folder)
        if path:
            return path
    raise FileNotFoundError(
        f"executable {name} is not in {', '.join(map(str, folders))} or PATH: build the package with "
        "colcon and source its setup file, or install it with pip"
    )
