"""Writer of the layout of CO3D (Reizenstein et al., ICCV 2021)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from scenerep_ros.filesystem.atomic import write_atomically, write_image
from scenerep_training.datasets.co3d import ANNOTATIONS, read_entries, write_entries
from scenerep_training.rendering.renderer import RenderedFrame
from scenerep_training.rendering.scene import Role
from scenerep_training.rendering.writers.base import RecordingWriter

JPEG_QUALITY = 95


class Co3dWriter(RecordingWriter):
    """Writer of images/ and masks/ of a sequence; its parent folder is its category.

    Depth and camera poses are not written.
    """

    def has_frame(self, name: str) -> bool:
        """Return whether both images of a frame exist; the mask is written last."""
        return self._mask_path(name).exists()

    def write_frame(self, frame: RenderedFrame, name: str) -> None:
        """Write the image and the mask of all objects, 0 or 255."""
        bgr = np.ascontiguousarray(frame.color[..., ::-1])
        _, content = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        write_atomically(self._folder / "images" / f"{name}.jpg", content.tobytes())
        mask = np.where(frame.label > Role.STRUCTURE, 255, 0).astype(np.uint8)
        write_image(self._mask_path(name), mask)

    def write_metadata(self) -> None:
        """Write the sequence into the annotations of its category, and keep the other sequences."""
        path = self._folder.parent / ANNOTATIONS
        stored = read_entries(path) if path.exists() else []
        others = [entry for entry in stored if entry["sequence_name"] != self._folder.name]
        write_entries(path, [*others, *self._entries()])

    def _entries(self) -> list[dict[str, Any]]:
        sequence = self._folder.relative_to(self._folder.parent.parent)
        camera = self._recording.camera
        return [
            {
                "sequence_name": self._folder.name,
                "frame_number": number,
                "frame_timestamp": shot.stamp,
                "image": {
                    "path": (sequence / "images" / f"{shot.name}.jpg").as_posix(),
                    "size": [camera.height, camera.width],
                },
                "mask": {"path": (sequence / "masks" / f"{shot.name}.png").as_posix()},
            }
            for number, shot in enumerate(self._recording.shots, 1)
        ]

    def _mask_path(self, name: str) -> Path:
        return self._folder / "masks" / f"{name}.png"
