"""Writer of labelled point clouds, one a frame."""

from __future__ import annotations

from pathlib import Path

from scenerep_ros.errors import FrameError
from scenerep_ros.frames import RGBDFrame, SceneSegmentation
from scenerep_ros.geometry import deproject, labelled_cloud, write_ply
from scenerep_ros.render import blend_labels
from scenerep_ros.sinks.base import Sink, path_inside


class CloudSink(Sink):
    """Writes clouds/NAME.ply: x, y, z [m] in the optical frame, colour and label.

    Objects are blended with the colour of their id, because viewers do not show the label.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "clouds"

    def write(self, frame: RGBDFrame, scene: SceneSegmentation) -> None:
        """Write the point cloud of the scene.

        Raises:
            FrameError: if the frame has no depth or its camera is not calibrated.
            ScenerepError: if the file cannot be written.
        """
        if frame.depth is None or frame.intrinsics is None:
            missing = "depth" if frame.depth is None else "camera intrinsics"
            raise FrameError(
                f"frame {frame.name}: no {missing}, which a cloud needs; leave clouds out, or use "
                "a recording with registered depth and a calibrated camera"
            )
        points = deproject(frame.depth, frame.intrinsics)
        cloud = labelled_cloud(points, blend_labels(frame.color, scene.labels), scene.labels)
        write_ply(path_inside(self._folder, frame.name, ".ply"), cloud)
