"""Calibration of a camera as drivers describe it: sensor_msgs/CameraInfo of ROS 1 and ROS 2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, NamedTuple

from scenerep_ros.errors import FrameError
from scenerep_ros.frames import Intrinsics

RECTIFIED_IMAGE_NAMES = ("image_rect", "image_rect_color", "image_rect_mono")
"""Last part of the topics on which image_proc publishes rectified images."""
SIZE_TOLERANCE_PX = 1  # constant: integer division of a size rounds by less than one pixel
"""Difference of sizes that the rounding of a binned or resized image explains [px]."""
K_ENTRIES, P_ENTRIES = (0, 4, 2, 5), (0, 5, 2, 6)  # constant: layout of CameraInfo
"""Indices of fx, fy, cx and cy in the row-major matrices K (3x3) and P (3x4)."""


class Region(NamedTuple):
    """Part of the sensor that an image shows, in unbinned pixels. Width and height 0: all of it."""

    x_offset: int = 0
    y_offset: int = 0
    width: int = 0
    height: int = 0


WHOLE_SENSOR = Region()


@dataclass(frozen=True)
class Calibration:
    """Content of a camera_info message that determines the intrinsics of an image.

    Attributes:
        size: width and height of the calibrated image, without region and binning [px]; 0: unknown.
        k: fx, fy, cx and cy of the raw image [px]; 0 if the driver left K empty.
        p: fx, fy, cx and cy of the rectified image [px]; 0 if the driver left P empty.
        has_distortion: whether a distortion coefficient of the raw image is not 0.
        binning: pixels of the sensor that one pixel of the image combines, along u and v.
        region: part of the sensor that the image shows.
    """

    size: tuple[int, int]
    k: tuple[float, float, float, float]
    p: tuple[float, float, float, float]
    has_distortion: bool = False
    binning: tuple[int, int] = (1, 1)
    region: Region = WHOLE_SENSOR

    @classmethod
    def from_message(cls, message: Any) -> Calibration:
        """Read a sensor_msgs/CameraInfo, of ROS 1 (K, D, P) or ROS 2 (k, d, p)."""
        is_ros2 = hasattr(message, "k")
        k, p, d = (getattr(message, name if is_ros2 else name.upper()) for name in "kpd")
        roi = message.roi
        return cls(
            size=(int(message.width), int(message.height)),
            k=_entries(k, K_ENTRIES),
            p=_entries(p, P_ENTRIES),
            has_distortion=any(float(value) for value in d),
            binning=(max(int(message.binning_x), 1), max(int(message.binning_y), 1)),
            region=Region(int(roi.x_offset), int(roi.y_offset), int(roi.width), int(roi.height)),
        )

    @property
    def is_calibrated(self) -> bool:
        """True if K or P has focal lengths."""
        return _is_valid(self.k) or _is_valid(self.p)

    def matrix(self, topic: str) -> tuple[float, float, float, float]:
        """Choose K or P: fx, fy, cx and cy of the calibrated image [px].

        K describes a raw image and P a rectified one. If only one of them has focal lengths, it is
        that one. Without distortion there is nothing to rectify, so P describes the image. With
        distortion the message is that of the raw image, which image_proc's outputs share.

        Args:
            topic: topic of the image.
        """
        if not (_is_valid(self.k) and _is_valid(self.p)):
            return self.p if _is_valid(self.p) else self.k
        return self.p if self.is_rectified(topic) else self.k

    def is_rectified(self, topic: str) -> bool:
        """Return whether the image of a topic has no distortion."""
        return not self.has_distortion or topic.rpartition("/")[2] in RECTIFIED_IMAGE_NAMES

    def intrinsics(self, shape: tuple[int, int], topic: str) -> Intrinsics:
        """Compute the pinhole camera of an image: matrix, region, binning and scale.

        Args:
            shape: height and width of the image [px].
            topic: topic of the image.

        Raises:
            FrameError: if the camera is not calibrated, or for an image of another aspect ratio.
        """
        if not self.is_calibrated:
            raise FrameError(
                f"camera_info for {topic}: focal lengths are 0, so the camera is not calibrated; "
                "calibrate it, or set its camera_info_url"
            )
        x_offset, y_offset, x_step, y_step = self._sampling((shape[1], shape[0]), topic)
        fx, fy, cx, cy = self.matrix(topic)
        # Pixel centers are at integers, so the first of n combined pixels has its center at (n-1)/2.
        return Intrinsics(
            fx / x_step,
            fy / y_step,
            (cx - x_offset) / x_step - (1 - 1 / x_step) / 2,
            (cy - y_offset) / y_step - (1 - 1 / y_step) / 2,
        )

    def is_resized(self, shape: tuple[int, int]) -> bool:
        """Return whether an image of (H, W) has a size that region and binning do not explain."""
        image = (shape[1], shape[0])
        return bool(all(self.size)) and not (
            _is_same(image, self._expected_size) or _is_same(image, self.size)
        )

    @property
    def _region_size(self) -> tuple[int, int]:
        """Width and height of the region, or of the calibrated image without one [px]."""
        return self.region.width or self.size[0], self.region.height or self.size[1]

    @property
    def _expected_size(self) -> tuple[int, int]:
        """Width and height of the image by region and binning [px]."""
        width, height = self._region_size
        return width // self.binning[0], height // self.binning[1]

    def _sampling(self, image: tuple[int, int], topic: str) -> tuple[float, float, float, float]:
        """Return the offset of the image's corner, and the step between its pixels, along u and v.

        The size of the image decides what the driver has applied: region and binning, nothing, or
        a later change of size.
        """
        if not all(self.size):
            return 0.0, 0.0, 1.0, 1.0
        if _is_same(image, self._expected_size):
            return float(self.region.x_offset), float(self.region.y_offset), *self.binning
        if image == self.size:
            return 0.0, 0.0, 1.0, 1.0
        region_width, region_height = self._region_size
        x_step, y_step = region_width / image[0], region_height / image[1]
        if abs(region_height / x_step - image[1]) > SIZE_TOLERANCE_PX:
            raise FrameError(
                f"camera_info for {topic}: describes {region_width}x{region_height} images, but "
                f"they are {image[0]}x{image[1]}; set camera_info_topic to the color camera's topic"
            )
        return float(self.region.x_offset), float(self.region.y_offset), x_step, y_step


def _entries(
    matrix: Sequence[float], indices: tuple[int, ...]
) -> tuple[float, float, float, float]:
    fx, fy, cx, cy = (float(matrix[index]) for index in indices)
    return fx, fy, cx, cy


def _is_valid(matrix: tuple[float, ...]) -> bool:
    return all(map(isfinite, matrix)) and min(matrix[:2]) > 0


def _is_same(size: tuple[int, int], other: tuple[int, int]) -> bool:
    return all(abs(a - b) <= SIZE_TOLERANCE_PX for a, b in zip(size, other, strict=True))
