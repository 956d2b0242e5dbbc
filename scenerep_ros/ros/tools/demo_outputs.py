"""Result files of the demo, written from the segmenter's messages."""

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

OVERLAY_IMAGE_PERIOD = 15
"""Number of overlays after which the next one is also written as an image."""


class DemoOutputs:
    """Writes labels/STAMP.png, overlays/STAMP.png and overlay.mp4, and on close cloud.ply.

    STAMP is the stamp of the color image [s], as in the file names of the TUM layout.

    Args:
        folder: folder of the results.
        rate: frame rate of the video [Hz].
        total: number of frames of the recording, for the progress bar.
    """

    def __init__(self, folder: Path, rate: float, total: int) -> None:
        self._folder = folder
        self._resources = ExitStack()
        self._video = VideoWriter(folder / "overlay.mp4", rate)
        self._resources.callback(self._video.close)
        self._progress = self._resources.enter_context(
            tqdm(total=total, unit="frame", desc="segmented")
        )
        self._overlay_count = 0
        self._last_cloud: PointCloud2 | None = None

    def close(self) -> None:
        """Finish the video and write the last cloud."""
        self._resources.close()
        if self._last_cloud is not None:
            write_ply(self._folder / "cloud.ply", cloud_array(self._last_cloud))

    def handlers(self) -> dict[str, Callable[[Any], None]]:
        """Return one handler per output topic; a handler without effect makes the node compute it."""
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
        overlay = image_array(message, np.uint8)
        self._video.write(overlay)
        if self._overlay_count % OVERLAY_IMAGE_PERIOD == 0:
            write_image(self._folder / "overlays" / f"{stamp_name(message)}.png", overlay)
        self._overlay_count += 1

    def _on_cloud(self, message: PointCloud2) -> None:
        self._last_cloud = message


def stamp_name(message: Image) -> str:
    """Format the stamp in seconds with microseconds, as in the file names of the TUM layout."""
    stamp = message.header.stamp
    return f"{stamp.sec}.{stamp.nanosec // 1000:06d}"


def image_array(message: Image, dtype: type[np.generic]) -> NDArray[Any]:
    """View an image message of the segmenter as (H, W) or (H, W, C), read-only."""
    pixels = np.frombuffer(message.data, dtype)
    shape = (message.height, message.width)
    return pixels.reshape(shape if pixels.size == shape[0] * shape[1] else (*shape, -1))


def cloud_array(message: PointCloud2) -> NDArray[np.void]:
    """View a cloud message of the segmenter as (H, W) of CLOUD_DTYPE, read-only."""
    return np.frombuffer(message.data, CLOUD_DTYPE).reshape(message.height, message.width)
