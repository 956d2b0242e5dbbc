"""Where the package's launch files, parameter files and middleware profile are installed.

Needs Python only, because launch files use it.
"""

from __future__ import annotations

import os
from pathlib import Path

NAME = "scenerep_ros"
PROFILE, OLD_PROFILE = "FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE"
"""Variables that name Fast DDS's profile: from its version 3 on, and before."""
OLD_DISTROS = ("humble", "iron", "jazzy")


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
    """Name of the variable that the Fast DDS of the sourced ROS distribution reads."""
    return OLD_PROFILE if os.environ.get("ROS_DISTRO") in OLD_DISTROS else PROFILE
