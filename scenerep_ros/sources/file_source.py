"""Base of the sources whose frames are image files."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.frames import Intrinsics, RGBDFrame
from scenerep_ros.sources.base import Source
from scenerep_ros.sources.depth_units import depth_unit_factor, warn_of_impossible_depth
from scenerep_ros.sources.folders.camera_file import FILE_NAME, CameraCalibration
from scenerep_ros.sources.folders.image_files import (
    is_float_image,
    read_color,
    read_depth,
    read_labels,
)
from scenerep_ros.sources.frame_names import file_frame_names

log = logging.getLogger(__name__)

KINECT_SHAPE = (480, 640)
"""Height and width [px] of the images that the default calibration belongs to."""
SAMPLE_COUNT = 3
"""Number of depth images from which the unit of depth is checked."""


@dataclass(frozen=True)
class FrameFiles:
    """Files of one frame, not read yet.

    Attributes:
        color: color image.
        stamp_ns: time of the color image [ns].
        depth: depth image, or None.
        labels: label image, or None.
        pose: (4, 4) float64, camera to world, or None.
        intrinsics: intrinsics of this image; None: those of the recording.
    """

    color: Path
    stamp_ns: int
    depth: Path | None = None
    labels: Path | None = None
    pose: NDArray[np.float64] | None = None
    intrinsics: Intrinsics | None = None


class FileSource(Source):
    """Recording whose frames are image files.

    Args:
        folder: folder of the recording, from which the recording gets its name.
        files: files of each frame, in order.
        rate: frame rate [Hz].
        calibration: camera calibration, or None if it is unknown.

    Raises:
        SourceError: if there are no frames.
    """

    def __init__(
        self,
        folder: Path,
        files: list[FrameFiles],
        rate: float,
        calibration: CameraCalibration | None = None,
    ) -> None:
        super().__init__(folder.resolve().name, rate)
        if not files:
            raise SourceError(
                f"{self.format_name} {folder}: no frames; expected {self.format_description}"
            )
        self._files = files
        self._names = file_frame_names([each.color for each in files])
        self._calibration = calibration
        self._depth_factor: float | None = None

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> RGBDFrame:
        frame = self.color_frame(index)
        return replace(frame, depth=self._read_depth(self._files[index]))

    def color_frame(self, index: int) -> RGBDFrame:
        """Read one frame without its depth.

        Raises:
            IndexError: if there is no such frame.
            FrameError: if the color image is missing or damaged.
        """
        if not 0 <= index < len(self):
            raise IndexError(index)
        files = self._files[index]
        frame = RGBDFrame(
            color=read_color(files.color),
            intrinsics=self._intrinsics(files),
            stamp_ns=files.stamp_ns,
            name=self._names[index],
            pose=files.pose,
        )
        if index == 0:
            self._warn_of_default_calibration(frame)
        return frame

    def frame_name(self, index: int) -> str:
        """Return the stem of the color image's file name, or a longer name if stems repeat."""
        return self._names[index]

    def color_path(self, index: int) -> Path:
        """Return the path of a frame's color image."""
        return self._files[index].color

    def with_poses(self, poses: Sequence[NDArray[np.float64] | None]) -> FileSource:
        """Return a copy of the recording with one pose (4, 4), camera to world, per frame."""
        posed = copy(self)
        posed._files = [
            replace(files, pose=pose) for files, pose in zip(self._files, poses, strict=True)
        ]
        return posed

    def ground_truth(self, index: int) -> NDArray[np.uint16] | None:
        """Return the instance labels (H, W) of one frame, 0 = background, or None.

        Raises:
            FrameError: if the label image is missing or damaged.
        """
        path = self._files[index].labels
        return None if path is None else read_labels(path)

    def _intrinsics(self, files: FrameFiles) -> Intrinsics | None:
        if files.intrinsics is not None or self._calibration is None:
            return files.intrinsics
        return self._calibration.intrinsics

    def _read_depth(self, files: FrameFiles) -> NDArray[np.float32] | None:
        if files.depth is None or self._calibration is None:
            return None
        if self._depth_factor is None:
            self._depth_factor = self._find_depth_factor(self._calibration)
        scale = self._calibration.depth_scale * self._depth_factor
        return read_depth(files.depth, scale)

    def _find_depth_factor(self, calibration: CameraCalibration) -> float:
        """Return the factor that corrects the unit of depth; 1 if the user has set the unit."""
        paths = [each.depth for each in self._files if each.depth is not None]
        samples = paths[:: max(len(paths) // SAMPLE_COUNT, 1)][:SAMPLE_COUNT]
        depths = [depth for path in samples if (depth := _try_read(path, calibration)) is not None]
        if calibration.has_depth_scale:
            warn_of_impossible_depth(self.name, depths)
            return 1.0
        return depth_unit_factor(
            self.name, depths, calibration.depth_scale, is_float=is_float_image(samples)
        )

    def _warn_of_default_calibration(self, frame: RGBDFrame) -> None:
        """Warn if the default intrinsics of a Kinect are applied to images of another size."""
        is_default = (
            self._calibration is not None
            and "fx" not in self._calibration.model_fields_set
            and self._files[0].intrinsics is None
        )
        if is_default and frame.shape != KINECT_SHAPE:
            height, width = frame.shape
            log.warning(
                "%s: images are %dx%d and there is no calibration, so that of a Kinect at 640x480 "
                "is assumed; put fx, fy, cx, cy into %s",
                self.name,
                width,
                height,
                FILE_NAME,
            )


def _try_read(path: Path, calibration: CameraCalibration) -> NDArray[np.float32] | None:
    try:
        return read_depth(path, calibration.depth_scale)
    except FrameError:
        return None
