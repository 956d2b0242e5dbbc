"""RViz for one or several segmenters, in any namespace."""

from __future__ import annotations

import copy
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from launch_ros.actions import Node

TEMPLATE_NAME = "/segmenter"
"""Name of the segmenter in config/segmenter.rviz."""
VIEW_SUFFIX = "_view"
"""Suffix of the static frame that makes RViz's fixed frame known without a robot's tf."""


def rviz_nodes(share: Path, segmenters: Sequence[str], frame: str) -> list[Node]:
    """Start RViz with the displays of the segmenters, and make its fixed frame known to tf.

    Args:
        share: folder of config/.
        segmenters: fully qualified names of the segmenters.
        frame: fixed frame.

    Raises:
        RuntimeError: if RViz is not installed; raised before any process starts.
    """
    require_packages("rviz2", "tf2_ros")
    config = write_rviz_config(share / "config" / "segmenter.rviz", segmenters)
    rviz = Node(package="rviz2", executable="rviz2", arguments=["-d", str(config), "-f", frame])
    # A new frame below the fixed frame: a frame above it would conflict with the robot's own tf.
    view = Node(
        package="tf2_ros",
        executable="static_transform_publisher",
        name=f"view_of_{frame}".replace("/", "_"),
        arguments=["--frame-id", frame, "--child-frame-id", f"{frame}{VIEW_SUFFIX}"],
    )
    return [view, rviz]


def require_packages(*names: str) -> None:
    """Check that ROS packages are installed.

    Raises:
        RuntimeError: naming each missing package.
    """
    missing = [name for name in names if not _is_installed(name)]
    if missing:
        distro = os.environ.get("ROS_DISTRO", "$ROS_DISTRO")
        packages = " ".join(f"ros-{distro}-{name.replace('_', '-')}" for name in missing)
        raise RuntimeError(
            f"rviz:=true needs {', '.join(missing)}, which is not installed: sudo apt install "
            f"{packages}; or leave rviz:=true out"
        )


def write_rviz_config(template: Path, segmenters: Sequence[str]) -> Path:
    """Return a config file for the segmenters: the template itself if it fits.

    Raises:
        RuntimeError: if the temporary folder of this user is one of another user, who could make the
            file a link to any other.
    """
    if list(segmenters) == [TEMPLATE_NAME]:
        return template
    name = "_".join(segmenter.strip("/").replace("/", "_") for segmenter in segmenters)
    folder = Path(tempfile.gettempdir()) / f"scenerep_ros_{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise RuntimeError(f"{folder}: belongs to another user; remove it, or set TMPDIR")
    path = folder / f"{name}.rviz"
    path.write_text(rviz_config(template.read_text(), segmenters))
    return path


def rviz_config(template: str, segmenters: Sequence[str]) -> str:
    """Rename the topics of the displays; several segmenters get a group of displays each.

    Args:
        template: content of config/segmenter.rviz.
        segmenters: fully qualified names of the segmenters.
    """
    config = yaml.safe_load(template)
    manager = config["Visualization Manager"]
    displays = manager["Displays"]
    groups = [_renamed(displays, segmenter) for segmenter in segmenters]
    manager["Displays"] = (
        groups[0]
        if len(groups) == 1
        else [_group(*pair) for pair in zip(segmenters, groups, strict=True)]
    )
    return str(yaml.safe_dump(config, sort_keys=False, width=10**6))


def _renamed(displays: Sequence[Mapping[str, Any]], segmenter: str) -> list[dict[str, Any]]:
    renamed = copy.deepcopy(list(map(dict, displays)))
    for display in renamed:
        topic = display.get("Topic")
        if topic:
            topic["Value"] = segmenter + topic["Value"].removeprefix(TEMPLATE_NAME)
    return renamed


def _group(segmenter: str, displays: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "Class": "rviz_common/Group",
        "Name": segmenter,
        "Enabled": True,
        "Displays": [display | {"Name": f"{display['Name']} {segmenter}"} for display in displays],
    }


def _is_installed(name: str) -> bool:
    try:
        get_package_prefix(name)
    except PackageNotFoundError:
        return False
    return True
