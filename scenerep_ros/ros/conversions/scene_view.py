"""One segmented frame with the derived values that several output messages share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from std_msgs.msg import Header

from scenerep_ros.frames import RGBDFrame, SceneSegmentation
from scenerep_ros.geometry import Box
from scenerep_ros.geometry.scene_boxes import scene_boxes
from scenerep_ros.ros.conversions.camera_messages import stamp_from_ns
from scenerep_ros.ros.conversions.cloud_message import CloudMessageBuffer


@dataclass
class SceneView:
    """Frame with its segmentation.

    Attributes:
        frame: input of the pipeline.
        scene: output of the pipeline.
        cloud: buffer to which clouds are written, shared by all frames.
        labels_encoding: encoding of the labels, see NodeConfig.
        target_frame: frame to which the pose of the frame transforms; empty: the optical frame.
    """

    frame: RGBDFrame
    scene: SceneSegmentation
    cloud: CloudMessageBuffer
    labels_encoding: str = "mono16"
    target_frame: str = ""

    @cached_property
    def header(self) -> Header:
        """Stamp and frame id of the color image, which every output carries."""
        return Header(stamp=stamp_from_ns(self.frame.stamp_ns), frame_id=self.frame.frame_id)

    @property
    def has_points(self) -> bool:
        """True if the frame has depth and intrinsics."""
        return self.frame.depth is not None and self.frame.intrinsics is not None

    @property
    def has_placed_objects(self) -> bool:
        """True if the objects' poses are known in the target frame."""
        return self.has_points and not (self.target_frame and self.frame.pose is None)

    @property
    def objects_header(self) -> Header:
        """Stamp of the image, and the frame of the objects' poses."""
        return Header(stamp=self.header.stamp, frame_id=self.target_frame or self.frame.frame_id)

    def placed_boxes(self) -> dict[int, Box]:
        """Return the boxes in the target frame, by id."""
        pose = self.frame.pose
        if not self.target_frame or pose is None:
            return self.boxes
        return {id_: box.transformed(pose) for id_, box in self.boxes.items()}

    @cached_property
    def boxes(self) -> dict[int, Box]:
        """3D boxes of the objects that have depth, by id; empty without depth or intrinsics.

        Boxes are in the optical frame, upright on the support plane. Where there is none, they are
        upright in the target frame, or aligned with the camera.
        """
        return scene_boxes(self.frame, self.scene, self._gravity)

    @property
    def _gravity(self) -> NDArray[np.float32] | None:
        """Upward direction (3,) of the target frame in the optical frame; None without it."""
        if not self.target_frame or self.frame.pose is None:
            return None
        return self.frame.pose[2, :3].astype(np.float32)
