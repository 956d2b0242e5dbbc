"""Base of the sources that are folders of image files."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import SourceError
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.sources.base import Source
from scenerep_ros.sources.folders.camera_file import FILE_NAME, Camera
from scenerep_ros.sources.folders.image_files import read_color, read_depth, read_labels

log = logging.getLogger(__name__)

DEFAULT_RATE = 30.0
"""Frames a second of recordings that do not say."""


@dataclass(frozen=True)
class Shot:
    """The files of one frame, not read yet; depth, labels and pose where there are some."""

    color: Path
    stamp_ns: int
    depth: Path | None = None
    labels: Path | None = None
    pose: NDArray[np.float64] | None = None


class FileSource(Source):
    """Frames that are files.

    Args:
        folder: where they are; its name is the recording's.
        shots: the frames, in order.
        rate: frames a second.
        camera: calibration, or None where it is unknown.

    Raises:
        SourceError: if there are no frames.
    """

    def __init__(
        self, folder: Path, shots: list[Shot], rate: float, camera: Camera | None = None
    ) -> None:
        super().__init__(folder.resolve().name, rate)
        if not shots:
            raise SourceError(f"{self.kind} {folder}: no frames; expected {self.looks_like}")
        self._shots = shots
        self._camera = camera

    def __len__(self) -> int:
        return len(self._shots)

    def __getitem__(self, index: int) -> RGBDFrame:
        frame = self.color_frame(index)
        return replace(frame, depth=self._depth(self._shots[index]))

    def color_frame(self, index: int) -> RGBDFrame:
        """Read one frame without its depth.

        Raises:
            IndexError: past the end.
            FrameError: if the colour image is missing or damaged.
        """
        if not 0 <= index < len(self):
            raise IndexError(index)
        shot = self._shots[index]
        frame = RGBDFrame(
            color=read_color(shot.color),
            intrinsics=self._camera.intrinsics if self._camera else None,
            stamp_ns=shot.stamp_ns,
            name=shot.color.stem,
            pose=shot.pose,
        )
        if index == 0:
            self._check_calibration(frame)
        return frame

    def frame_name(self, index: int) -> str:
        """Stem of the colour image's file."""
        return self._shots[index].color.stem

    def color_path(self, index: int) -> Path:
        """Where a frame's colour image is."""
        return self._shots[index].color

    def with_poses(self, poses: Sequence[NDArray[np.float64] | None]) -> FileSource:
        """Return the same recording with these poses (4, 4), camera to world, one a frame."""
        posed = copy(self)
        posed._shots = [
            replace(shot, pose=pose) for shot, pose in zip(self._shots, poses, strict=True)
        ]
        return posed

    def ground_truth(self, index: int) -> NDArray[np.uint16] | None:
        """Instance labels (H, W) of one frame, 0 = background; None where there are none.

        Raises:
            FrameError: if the label image is missing or damaged.
        """
        path = self._shots[index].labels
        return None if path is None else read_labels(path)

    def _depth(self, shot: Shot) -> NDArray[np.float32] | None:
        if shot.depth is None or self._camera is None:
            return None
        return read_depth(shot.depth, self._camera.depth_scale)

    def _check_calibration(self, frame: RGBDFrame) -> None:
        """Warn where a Kinect's intrinsics are assumed of what is no Kinect's image."""
        assumed = self._camera is not None and "fx" not in self._camera.model_fields_set
        if assumed and frame.shape != (480, 640):
            height, width = frame.shape
            log.warning(
                "%s: images are %dx%d and there is no calibration, so a Kinect's at 640x480 is "
                "assumed; put fx, fy, cx, cy into %s",
                self.name,
                width,
                height,
                FILE_NAME,
            )


def index_stamp(index: int, rate: float = DEFAULT_RATE) -> int:
    """Time of a frame of a recording that has none, nanoseconds."""
    return round(index * 1e9 / rate)
