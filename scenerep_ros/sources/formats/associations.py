"""Folder whose images are paired by a list: ICL-NUIM, and results of the TUM benchmark's tools."""

from __future__ import annotations

import logging
import re
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError
from scenerep_ros.sources.file_source import FileSource, FrameFiles
from scenerep_ros.sources.folders.camera_file import (
    FILE_NAME,
    CameraCalibration,
    read_calibration,
)
from scenerep_ros.sources.folders.image_files import read_depth
from scenerep_ros.sources.folders.stamped_list import read_stamped_list, with_distinct_stamps
from scenerep_ros.sources.folders.trajectory import read_trajectory
from scenerep_ros.sources.formats.tum import DEPTH_SCALE, list_entry
from scenerep_ros.sources.registry import SOURCES
from scenerep_ros.sources.timing import frame_rate

log = logging.getLogger(__name__)

LIST_NAMES = "*assoc*.txt"
"""Names of the list, in any capitals: associations.txt, associate.txt, rgbd_assoc.txt."""
IMAGE_NAME = re.compile(
    r"(?:[-+.\de]+[\s,;]+)*(\S.*?\.(?:png|jpe?g|bmp|p[gp]m|tiff?|webp))(?:[\s,;]+|$)", re.IGNORECASE
)
"""Name of an image, which may contain blanks, after any number of stamps."""
ICL_POSES = "*.gt.freiburg"
"""Poses of ICL-NUIM (Handa et al., ICRA 2014)."""
ICL_CAMERA = {"fx": 481.2, "fy": 480.0, "cx": 319.5, "cy": 239.5}
"""Camera of ICL-NUIM. Its focal length fy is negative: the camera's y axis points up."""
FLIP = np.diag([1.0, -1.0, 1.0, 1.0])
"""Reflection of the y axis of camera and world, after which ICL-NUIM's poses are those of REP 103."""


@SOURCES.register("associations")
class AssociationFolder(FileSource):
    """associations.txt with a stamp and a file of color and of depth a line, in either order.

    The first stamp of a line is that of the frame. Poses are those of groundtruth.txt, or of
    ICL-NUIM. Depth is 1/5000 m, unless camera.json says otherwise.

    Raises:
        SourceError: if no line names two images.
    """

    format_name = "association folder"
    format_description = "a folder with associations.txt"
    detection_priority = 65

    def __init__(self, folder: Path) -> None:
        path = _list_path(folder)
        assert path is not None
        rows = read_stamped_list(path)
        pairs = [_image_pair(folder, row.value) for row in rows]
        stamps = [row.stamp_ns for row in with_distinct_stamps(rows, path)]
        is_depth_first = _is_depth_first([pair for pair in pairs if pair])
        poses = _read_poses(folder, [row.stamp_ns for row in rows])
        files = [
            FrameFiles(pair[is_depth_first], stamp, depth=pair[not is_depth_first], pose=pose)
            for pair, stamp, pose in zip(pairs, stamps, poses, strict=True)
            if pair
        ]
        if len(files) < len(rows):
            log.warning("%s: %d of %d rows name no two images; left out", path,
                        len(rows) - len(files), len(rows))  # fmt: skip
        rate = frame_rate([each.stamp_ns for each in files])
        super().__init__(folder, files, rate, _calibration(folder))

    @classmethod
    def matches(cls, path: Path) -> bool:
        """Return whether the list exists."""
        return path.is_dir() and _list_path(path) is not None


def _list_path(folder: Path) -> Path | None:
    lists = (path for path in folder.iterdir() if fnmatch(path.name.lower(), LIST_NAMES))
    return min((path for path in lists if path.is_file()), default=None, key=_length_of_name)


def _length_of_name(path: Path) -> tuple[int, str]:
    return len(path.name), path.name


def _image_pair(folder: Path, value: str) -> tuple[Path, Path] | None:
    """Return the images of a row `FILE STAMP FILE`, which may also hold a pose; None without two."""
    names = IMAGE_NAME.findall(value)
    if len(names) != len(("color", "depth")):
        return None
    return list_entry(folder, names[0]), list_entry(folder, names[1])


def _is_depth_first(pairs: list[tuple[Path, Path]]) -> bool:
    """Return whether the first image of each row is depth, by its folder or else by its content."""
    for first, second in pairs:
        names = ["depth" in f"{path.parent.name}/{path.name}".lower() for path in (first, second)]
        if names[0] != names[1]:
            return names[0]
        try:
            read_depth(first, 1.0)
        except FrameError:
            return False
        return True
    return False


def _read_poses(folder: Path, stamps: list[int]) -> list[NDArray[np.float64] | None]:
    """Return the pose at each stamp, or None."""
    icl_poses = _icl_poses(folder)
    trajectory = read_trajectory(icl_poses or folder / "groundtruth.txt")
    poses = [trajectory.interpolate(stamp) if trajectory else None for stamp in stamps]
    if icl_poses is None:
        return poses
    return [None if pose is None else FLIP @ pose @ FLIP for pose in poses]


def _icl_poses(folder: Path) -> Path | None:
    return next(iter(sorted(folder.glob(ICL_POSES))), None)


def _calibration(folder: Path) -> CameraCalibration:
    if _icl_poses(folder) and not (folder / FILE_NAME).exists():
        return CameraCalibration(**ICL_CAMERA, depth_scale=DEPTH_SCALE)
    return read_calibration(folder, DEPTH_SCALE)
