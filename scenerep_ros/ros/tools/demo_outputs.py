"""What the demo leaves behind: the segmenter's own messages, written to a folder."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import Image, PointCloud2
from tqdm import tqdm

from scenerep_ros.filesystem.atomic import write_image
from scenerep_ros.geometry import CLOUD_DTYPE, write_ply
from scenerep_ros.sinks import VideoWriter

PICTURE_EVERY = 15
"""Frames from one overlay that is also written as a picture to the next."""


class DemoOutputs:
    """Writes labels/STAMP.png, overlays/STAMP.png and overlay.mp4; on close, cloud.ply.

    STAMP is the colour image's in seconds, as the TUM layout names its files.

    Args:
        folder: for the results.
        rate: of the video, frames a second.
        total: frames of the recording, for the progress bar.
    """

    def __init__(self, folder: Path, rate: float, total: int) -> None:
        self._folder = folder
        self._open = ExitStack()
        self._video = VideoWriter(folder / "overlay.mp4", rate)
        self._open.callback(self._video.close)
        self._progress = self._open.enter_context(tqdm(total=total, unit="frame", desc="segmented"))
        self._overlays = 0
        self._cloud: PointCloud2 | None = None

    def close(self) -> None:
        """Finish the video and write the cloud of the last frame that had one."""
        self._open.close()
        if self._cloud is not None:
            write_ply(self._folder / "cloud.ply", cloud_array(self._cloud))

    def handlers(self) -> dict[str, Callable[[Any], None]]:
        """One for each output that a person looks at, so that all of them are computed."""
        return {
            "labels": self._on_labels,
            "overlay": self._on_overlay,
            "points": lambda _: None,
            "points_colored": self._on_cloud,
            "objects": lambda _: None,
        }

    def _on_labels(self, message: Image) -> None:
        labels = image_array(message, np.uint16)
        write_image(self._folder / "labels" / f"{stamp_name(message)}.png", labels)
        self._progress.update()

    def _on_overlay(self, message: Image) -> None:
        picture = image_array(message, np.uint8)
        self._video.write(picture)
        if self._overlays % PICTURE_EVERY == 0:
            write_image(self._folder / "overlays" / f"{stamp_name(message)}.png", picture)
        self._overlays += 1

    def _on_cloud(self, message: PointCloud2) -> None:
        self._cloud = message


def stamp_name(message: Image) -> str:
    """Stamp in seconds with microseconds, as the TUM layout names its files."""
    stamp = message.header.stamp
    return f"{stamp.sec}.{stamp.nanosec // 1000:06d}"


def image_array(message: Image, dtype: type[np.generic]) -> NDArray[Any]:
    """View our own image message as (H, W) or (H, W, C), read-only."""
    pixels = np.frombuffer(message.data, dtype)
    shape = (message.height, message.width)
    return pixels.reshape(shape if pixels.size == shape[0] * shape[1] else (*shape, -1))


def cloud_array(message: PointCloud2) -> NDArray[np.void]:
    """View our own cloud message as (H, W) of CLOUD_DTYPE, read-only."""
    return np.frombuffer(message.data, CLOUD_DTYPE).reshape(message.height, message.width)
