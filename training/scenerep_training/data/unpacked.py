"""The layout that recordings are unpacked to: files that are quick to read in any order."""

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

INDEX = "recording.json"
DEPTH_SCALE = 1 / 5000
"""Metres a unit, as TUM's: steps of 0.2 mm, up to 13 m."""
QUALITY = 90
"""Of the JPEG files, per cent."""


class UnpackedRecording(FileSource):
    """color/*.jpg, depth/*.tiff and labels/*.png of equal names, and recording.json for the rest.

    Frames that could not be read when the recording was unpacked raise the same error here.

    Args:
        folder: that `write_recording` has filled.
    """

    format_name = "unpacked recording"

    def __init__(self, folder: Path) -> None:
        index = json.loads((folder / INDEX).read_text())
        shots = [_shot(folder, **entry) for entry in index["frames"]]
        super().__init__(folder, shots, index["rate"], _camera(index["intrinsics"]))
        self.name = index["name"]
        self._damaged: dict[str, str] = index["damaged"]

    def color_frame(self, index: int) -> RGBDFrame:
        """Read one frame without its depth.

        Raises:
            IndexError, FrameError: as FileSource's.
        """
        frame = self.frame_name(index)
        if frame in self._damaged:
            raise FrameError(self._damaged[frame])
        return super().color_frame(index)


def write_recording(source: Source, folder: Path) -> None:
    """Copy a recording into an empty folder, reading it once from start to end.

    Raises:
        SourceError: if none of its frames can be read.
        OSError: if the disk is full.
    """
    position = {source.frame_name(index): index for index in range(len(source))}
    entries: list[dict[str, Any]] = []
    intrinsics = None
    for frame in tqdm(source, f"unpacking {source.name}", unit="frame", leave=False, delay=1):
        try:
            labels = source.ground_truth(position[frame.name])
        except FrameError as error:
            source.skip(frame.name, str(error))
            continue
        entries.append(_write_frame(frame, labels, folder))
        intrinsics = frame.intrinsics
    if not entries:
        raise SourceError(f"{source.format_name} {source.name}: none of its frames can be read")
    damaged = {skipped.name: skipped.reason for skipped in source.skipped}
    entries += [{"name": name} for name in damaged]
    index = {
        "name": source.name,
        "rate": source.rate,
        "intrinsics": intrinsics and vars(intrinsics),
        "frames": sorted(entries, key=lambda entry: position[entry["name"]]),
        "damaged": damaged,
    }
    (folder / INDEX).write_text(json.dumps(index))


def _write_frame(
    frame: RGBDFrame, labels: NDArray[np.uint16] | None, folder: Path
) -> dict[str, Any]:
    """Write a frame's files; returns what recording.json says of it."""
    color = cv2.cvtColor(frame.color, cv2.COLOR_RGB2BGR)
    _write(folder / "color" / f"{frame.name}.jpg", color, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if frame.depth is not None:
        _write(folder / "depth" / f"{frame.name}.tiff", _units(frame.depth))
    if labels is not None:
        _write(folder / "labels" / f"{frame.name}.png", labels)
    return {
        "name": frame.name,
        "stamp": frame.stamp_ns,
        "depth": frame.depth is not None,
        "labels": labels is not None,
        "pose": None if frame.pose is None else frame.pose.tolist(),
    }


def _units(depth: NDArray[np.float32]) -> NDArray[np.uint16]:
    units = np.rint(depth / np.float32(DEPTH_SCALE))
    return np.where(units < 65535, units, 0).astype(np.uint16)  # NaN is not less either


def _write(path: Path, image: NDArray, parameters: tuple[int, ...] | list[int] = ()) -> None:
    path.parent.mkdir(exist_ok=True)
    _, content = cv2.imencode(path.suffix, image, parameters)
    path.write_bytes(content.tobytes())


def _shot(
    folder: Path,
    name: str,
    stamp: int = 0,
    depth: bool = False,
    labels: bool = False,
    pose: list[list[float]] | None = None,
) -> FrameFiles:
    return FrameFiles(
        color=folder / "color" / f"{name}.jpg",
        stamp_ns=stamp,
        depth=folder / "depth" / f"{name}.tiff" if depth else None,
        labels=folder / "labels" / f"{name}.png" if labels else None,
        pose=None if pose is None else np.array(pose),
    )


def _camera(intrinsics: dict[str, float] | None) -> CameraCalibration | None:
    if intrinsics is None:
        return None
    return CameraCalibration(**vars(Intrinsics(**intrinsics)), depth_scale=DEPTH_SCALE)
