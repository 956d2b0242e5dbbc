"""Writer of the mOSD layout, with poses and true sizes."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from scenerep_ros.filesystem.atomic import write_atomically, write_image
from scenerep_training.rendering.recording import Shot
from scenerep_training.rendering.renderer import RenderedFrame
from scenerep_training.rendering.scene import Item, Role
from scenerep_training.rendering.writers.base import RecordingWriter


class MosdWriter(RecordingWriter):
    """Writer of color/, depth/ [mm], label/, camera.json, groundtruth.txt and objects.json."""

    def has_frame(self, name: str) -> bool:
        """Return whether all images of a frame exist; the label image is written last."""
        return (self._folder / "label" / f"{name}.png").exists()

    def write_frame(self, frame: RenderedFrame, name: str) -> None:
        """Write the three images of a frame, the label image last."""
        write_image(self._folder / "color" / f"{name}.png", frame.color)
        write_image(self._folder / "depth" / f"{name}.png", frame.depth)
        write_image(self._folder / "label" / f"{name}.png", frame.label)

    def write_metadata(self) -> None:
        """Write camera.json, groundtruth.txt (TUM layout) and objects.json.

        objects.json holds for each label the name, the pose and the true size of the item.
        """
        recording, folder = self._recording, self._folder
        k = recording.camera.intrinsics
        camera = {"fx": k.fx, "fy": k.fy, "cx": k.cx, "cy": k.cy, "depth_scale": 0.001}
        write_atomically(folder / "camera.json", _json(camera))
        header = "# camera optical frame to world\n# timestamp tx ty tz qx qy qz qw\n"
        poses = header + "".join(_pose_line(shot) for shot in recording.shots)
        write_atomically(folder / "groundtruth.txt", poses.encode())
        items = {
            item_id: item for shot in recording.shots for item_id, item in shot.scene.items.items()
        }
        objects = {
            str(i + 1): _describe(item) for i, item in items.items() if item.role == Role.OBJECT
        }
        write_atomically(folder / "objects.json", _json(objects))


def _describe(item: Item) -> dict[str, Any]:
    low, high = item.bounds
    return {
        "name": item.name,
        "size": np.round(high - low, 4).tolist(),
        "center": np.round(item.pose[:3] @ [*(low + high) / 2, 1], 4).tolist(),
        "rotation": np.round(item.pose[:3, :3], 5).tolist(),
    }


def _pose_line(shot: Shot) -> str:
    quaternion = Rotation.from_matrix(shot.pose[:3, :3]).as_quat()
    values = " ".join(f"{value:.6f}" for value in (*shot.pose[:3, 3], *quaternion))
    return f"{shot.stamp:.6f} {values}\n"


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()
