"""What kind of recording a path is, found out by looking."""

from __future__ import annotations

from pathlib import Path

from scenerep_ros.errors import SourceError
from scenerep_ros.sources.bags.bag import Ros1Bag, Rosbag2
from scenerep_ros.sources.base import Source
from scenerep_ros.sources.folders.image_folder import ImageFolder
from scenerep_ros.sources.folders.rgbd_folder import RGBDFolder
from scenerep_ros.sources.folders.seven_scenes import SevenScenes
from scenerep_ros.sources.folders.tum import TumFolder
from scenerep_ros.sources.video import Video

KINDS = (TumFolder, Ros1Bag, Rosbag2, RGBDFolder, SevenScenes, ImageFolder, Video)
"""In the order in which they are tried: a TUM folder is an RGB-D folder too."""


def open_source(path: Path | str) -> Source:
    """Open a recording.

    Args:
        path: of a file or folder; KINDS says of which kinds.

    Raises:
        SourceError: if it does not exist, is of no known kind, or is damaged.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise SourceError(f"source {path}: does not exist; expected {_known_kinds()}")
    for kind in KINDS:
        if kind.matches(path):
            return kind(path)
    raise SourceError(f"source {path}: {_content(path)}; expected {_known_kinds()}")


def _known_kinds() -> str:
    return " or ".join(kind.looks_like for kind in KINDS)


def _content(path: Path) -> str:
    if path.is_file():
        return "is a file of no known kind"
    names = sorted(child.name for child in path.iterdir())
    return (
        f"holds {', '.join(names[:8])}, so it is of no known kind"
        if names
        else "is an empty folder"
    )
