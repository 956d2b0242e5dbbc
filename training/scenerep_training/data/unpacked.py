"""Format of unpacked recordings: image files with fast random access."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.frames import Intrinsics, RGBDFrame
from scenerep_ros.sources.base import Source
from scenerep_ros.sources.file_source import FileSource, FrameFiles
from scenerep_ros.sources.folders.camera_file import CameraCalibration

INDEX_NAME = "recording.json"
DEPTH_SCALE = 1 / 5000
"""Length of a depth unit [m], equal to TUM's: steps of 0.2 mm, up to 13 m."""
JPEG_QUALITY = 90
"""JPEG quality of the color images [%]."""
MAX_DEPTH_UNITS = 65535


class UnpackedRecording(FileSource):
    """Folder of `color/*.jpg`, `depth/*.tiff` and `labels/*.png`, with `recording.json`.

    Frames that were unreadable when the recording was unpacked raise the same error here.

    Args:
        folder: folder written by `write_recording`.
        is_continuous: attribute of the recording that was unpacked, see `Source`.
    """

    format_name = "unpacked recording"

    def __init__(self, folder: Path, is_continuous: bool | None = None) -> None:
        index = json.loads((folder / INDEX_NAME).read_text())
        files = [_frame_files(folder, **entry) for entry in index["frames"]]
        super().__init__(folder, files, index["rate"], _calibration(index["intrinsics"]))
        self.name = index["name"]
        self.is_continuous = is_continuous
        self._damaged: dict[str, str] = index["damaged"]

    def color_frame(self, index: int) -> RGBDFrame:
        """Read one frame without its depth.

        Raises:
            IndexError: if there is no such frame.
            FrameError: if the frame was or is unreadable.
        """
        frame = self.frame_name(index)
        if frame in self._damaged:
            raise FrameError(self._damaged[frame])
        return super().color_frame(index)


def write_recording(source: Source, folder: Path) -> None:
    """Copy a recording into an empty folder, in one pass from start to end.

    Raises:
        SourceError: if none of its frames can be read.
        OSError: if the disk is full.
    """
    positions = {source.frame_name(index): index for index in range(len(source))}
    # Write the images of each readable frame.
    entries: list[dict[str, Any]] = []
    intrinsics = None
    for frame in tqdm(source, f"unpacking {source.name}", unit="frame", leave=False, delay=1):
        try:
            labels = source.ground_truth(positions[frame.name])
        except FrameError as error:
            source.skip(frame.name, str(error))
            continue
        entries.append(_write_frame(frame, labels, folder))
        intrinsics = frame.intrinsics
    if not entries:
        raise SourceError(f"{source.format_name} {source.name}: none of its frames can be read")
    # Write the index, in which unreadable frames keep their positions.
    damaged = {skipped.name: skipped.reason for skipped in source.skipped}
    entries += [{"name": name} for name in damaged]
    index = {
        "name": source.name,
        "rate": source.rate,
        "intrinsics": intrinsics and vars(intrinsics),
        "frames": sorted(entries, key=lambda entry: positions[entry["name"]]),
        "damaged": damaged,
    }
    (folder / INDEX_NAME).write_text(json.dumps(index))


def _write_frame(
    frame: RGBDFrame, labels: NDArray[np.uint16] | None, folder: Path
) -> dict[str, Any]:
    """Write the images of a frame; return its entry in recording.json."""
    color = cv2.cvtColor(frame.color, cv2.COLOR_RGB2BGR)
    _write_image(
        folder / "color" / f"{frame.name}.jpg", color, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    )
    if frame.depth is not None:
        _write_image(folder / "depth" / f"{frame.name}.tiff", depth_units(frame.depth))
    if labels is not None:
        _write_image(folder / "labels" / f"{frame.name}.png", labels)
    return {
        "name": frame.name,
        "stamp": frame.stamp_ns,
        "depth": frame.depth is not None,
        "labels": labels is not None,
        "pose": None if frame.pose is None else frame.pose.tolist(),
    }


def depth_units(depth: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Convert depth [m] to units; 0 replaces NaN and depths out of range."""
    units = np.rint(depth / np.float32(DEPTH_SCALE))
    return np.where(units < MAX_DEPTH_UNITS, units, 0).astype(np.uint16)


def _write_image(path: Path, image: NDArray, parameters: tuple[int, ...] | list[int] = ()) -> None:
    path.parent.mkdir(exist_ok=True)
    _, content = cv2.imencode(path.suffix, image, parameters)
    path.write_bytes(content.tobytes())


def _frame_files(
    folder: Path,
    name: str,
    stamp: int = 0,
    depth: bool = False,
    labels: bool = False,
    pose: list[list[float]] | None = None,
) -> FrameFiles:
    """Return the files of a frame from its entry in recording.json."""
    return FrameFiles(
        color=folder / "color" / f"{name}.jpg",
        stamp_ns=stamp,
        depth=folder / "depth" / f"{name}.tiff" if depth else None,
        labels=folder / "labels" / f"{name}.png" if labels else None,
        pose=None if pose is None else np.array(pose),
    )


def _calibration(intrinsics: dict[str, float] | None) -> CameraCalibration | None:
    if intrinsics is None:
        return None
    return CameraCalibration(**vars(Intrinsics(**intrinsics)), depth_scale=DEPTH_SCALE)
