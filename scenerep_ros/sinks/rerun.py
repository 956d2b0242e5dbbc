"""Writer of a recording for the Rerun viewer: color, labels, cloud, boxes and ids on one timeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from scenerep_ros.errors import ConfigError, ScenerepError
from scenerep_ros.filesystem.atomic import atomic_path
from scenerep_ros.frames import BACKGROUND, UNLABELLED, RGBDFrame, SceneSegmentation
from scenerep_ros.geometry import deproject
from scenerep_ros.geometry.scene_boxes import scene_boxes
from scenerep_ros.render import id_colors
from scenerep_ros.sinks.base import Sink

TIMELINE = "stamp"
JPEG_QUALITY = 90


class RerunSink(Sink):
    """Writes all scenes to one .rrd file, which appears under its name when the sink is closed.

    Entities are camera/color, camera/labels and, with depth and a calibrated camera, camera/cloud and
    camera/boxes in the optical frame; camera has the pose of the frame. The timeline `stamp` has the
    stamps of the frames.

    Args:
        path: path of the .rrd file.
        name: name of the recording.

    Raises:
        ConfigError: if the package rerun-sdk is not installed.
        ScenerepError: on write or close, if the file cannot be written.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._rerun = import_rerun()
        self._context = atomic_path(path)
        self._path = self._context.__enter__()
        self._recording = self._rerun.RecordingStream("scenerep_ros")
        self._recording.send_recording_name(name)
        self._recording.save(str(self._path))
        self._colored_ids: set[int] = set()
        self._is_open = True

    def write(self, frame: RGBDFrame, scene: SceneSegmentation) -> None:
        """Append a scene."""
        rerun, recording = self._rerun, self._recording
        stamp = np.datetime64(frame.stamp_ns, "ns")
        recording.set_time(TIMELINE, timestamp=stamp)
        self._log_colors(scene)
        recording.log("camera/color", rerun.Image(frame.color).compress(JPEG_QUALITY))
        recording.log("camera/labels", rerun.SegmentationImage(scene.labels))
        self._log_camera(frame)
        if frame.depth is not None and frame.intrinsics is not None:
            self._log_cloud(frame)
            self._log_boxes(frame, scene)

    def _log_colors(self, scene: SceneSegmentation) -> None:
        """Give each new id its color and its name, which the viewer shows."""
        ids = {BACKGROUND, UNLABELLED, *(item.id for item in scene.objects)}
        if ids <= self._colored_ids:
            return
        self._colored_ids |= ids
        names = {BACKGROUND: "background", UNLABELLED: "unlabelled"}
        classes = [
            (id_, names.get(id_, f"object {id_}"), tuple(id_colors(id_).tolist()))
            for id_ in sorted(self._colored_ids)
        ]
        self._recording.log("camera", self._rerun.AnnotationContext(classes), static=True)

    def _log_camera(self, frame: RGBDFrame) -> None:
        rerun = self._rerun
        if frame.pose is not None:
            pose = rerun.Transform3D(translation=frame.pose[:3, 3], mat3x3=frame.pose[:3, :3])
            self._recording.log("camera", pose)

    def _log_cloud(self, frame: RGBDFrame) -> None:
        """Log the points that have depth, in their color."""
        assert frame.depth is not None
        assert frame.intrinsics is not None
        points = deproject(frame.depth, frame.intrinsics)
        has_depth = np.isfinite(frame.depth)
        cloud = self._rerun.Points3D(points[has_depth], colors=frame.color[has_depth])
        self._recording.log("camera/cloud", cloud)

    def _log_boxes(self, frame: RGBDFrame, scene: SceneSegmentation) -> None:
        boxes = scene_boxes(frame, scene)
        items = list(boxes.values())
        turns = [Rotation.from_matrix(box.rotation).as_quat() for box in items]
        self._recording.log(
            "camera/boxes",
            self._rerun.Boxes3D(
                centers=np.array([box.center for box in items]).reshape(-1, 3),
                sizes=np.array([box.size for box in items]).reshape(-1, 3),
                quaternions=np.array(turns).reshape(-1, 4),
                labels=[str(id_) for id_ in boxes],
                class_ids=list(boxes),
            ),
        )

    def close(self) -> None:
        """Complete the file; a second call has no effect."""
        if not self._is_open:
            return
        self._is_open = False
        self._recording.flush()
        self._recording.disconnect()
        self._context.__exit__(None, None, None)


def import_rerun() -> Any:
    """Return the module rerun.

    Raises:
        ConfigError: if it is not installed.
        ScenerepError: if it is too old.
    """
    try:
        import rerun
    except ImportError as error:
        raise ConfigError(
            f"--rerun needs the package rerun-sdk ({error}); pip install 'scenerep_ros[rerun]'"
        ) from None
    if not hasattr(rerun.RecordingStream, "set_time"):
        raise ScenerepError("--rerun needs rerun-sdk 0.23 or later; pip install -U rerun-sdk")
    return rerun
