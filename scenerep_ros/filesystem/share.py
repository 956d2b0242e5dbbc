"""Where the package's launch files, parameter files and middleware profile are installed.

Needs Python only, because launch files use it.
"""

from __future__ import annotations

import os
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

NAME = "scenerep_ros"
PROFILE, OLD_PROFILE = "FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE"
"""Variables that name Fast DDS's profile: from its version 3 on, and before."""
OLD_DISTROS, OLD_WHEELS = ("humble", "iron", "jazzy"), ("6", "7", "8")
"""ROS distributions, and major versions of rmw_fastrtps, with Fast DDS 2."""


def share_folder() -> Path:
    """Folder that holds launch/ and config/.

    In a source tree it is beside the package; colcon and pip install it to PREFIX/share, and the
    package somewhere below the same PREFIX.

    Raises:
        FileNotFoundError: if the installation is not whole.
    """
    for parent in Path(__file__).resolve().parents:
        for folder in (parent, parent / "share" / NAME):
            if (folder / "config" / "fastdds.xml").is_file():
                return folder
    raise FileNotFoundError(f"share/{NAME} is not installed beside {__file__}: install it again")


def profile_variable() -> str:
    """Name of the variable that the Fast DDS of this ROS reads, be it sourced or come as wheels."""
    distro = os.environ.get("ROS_DISTRO")
    old = distro in OLD_DISTROS if distro else _wheel_version() in OLD_WHEELS
    return OLD_PROFILE if old else PROFILE


def _wheel_version() -> str:
    """Major version of the middleware's wheel; empty where there is none."""
    try:
        return version("ros-rmw-fastrtps-cpp").partition(".")[0]
    except PackageNotFoundError:
        return ""


def fastdds_settings() -> dict[str, str]:
    """Environment that gives Fast DDS room for images; empty where the user has configured it."""
    if any(name in os.environ for name in (PROFILE, OLD_PROFILE, "FASTDDS_BUILTIN_TRANSPORTS")):
        return {}
    return {profile_variable(): str(share_folder() / "config" / "fastdds.xml")}


def executable_path(share: Path, name: str) -> str:
    """Find a node, however it was installed.

    colcon puts executables into lib/scenerep_ros/, where `ros2 run` looks; pip puts them into bin/.

    Args:
        share: folder of launch/ and config/: PREFIX/share/scenerep_ros, or a source tree.
        name: of the executable.

    Raises:
        FileNotFoundError: if the node is nowhere.
    """
    prefix = share.parents[1]
    folders = [prefix / "lib/scenerep_ros", prefix / "bin", Path(sys.executable).parent]
    for folder in (*map(str, folders), os.environ.get("PATH")):
        found = shutil.which(name, path=folder)
        if found:
            return found
    raise FileNotFoundError(
        f"executable {name} is not in {', '.join(map(str, folders))} or PATH: build the package with "
        "colcon and source its setup file, or install it with pip"
    )
