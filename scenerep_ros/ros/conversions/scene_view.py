"""One segmented frame with the derived values that several output messages share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import isqrt

import numpy as np
from numpy.typing import NDArray
from std_msgs.msg import Header

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import RGBDFrame, SceneObject, SceneSegmentation
from scenerep_ros.geometry import (
    Box,
    Plane,
    find_support_plane,
    invert_depth,
    object_box,
    viewing_rays,
    without_stray_rim,
)
from scenerep_ros.ros.conversions.camera_messages import stamp_from_ns
from scenerep_ros.ros.conversions.cloud_message import CloudMessageBuffer


@dataclass(frozen=True)
class SceneViewConstants:
    """Tuned constants of the object boxes."""

    box_sample_size: int = tuned(
        2000,
        "approximate number of pixels of an object from which its box is computed",
        set_on="not recorded",
    )
    plane_step_px: int = tuned(
        8,
        "distance between the pixels in which the support plane is searched",
        unit="px",
        set_on="argument: thousands of pixels determine a plane that covers a fifth of the image",
    )


CONSTANTS = SceneViewConstants()


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
        depth, camera = self.frame.depth, self.frame.intrinsics
        if depth is None or camera is None:
            return {}
        rays = viewing_rays(camera, *self.frame.shape)
        support = self._support_plane(depth, rays)
        up = self._gravity if support is None else -support.normal
        height = None if support is None else -support.distance
        boxes = {
            item.id: object_box(self._object_points(item, depth, rays), up, height)
            for item in self.scene.objects
        }
        return {id_: box for id_, box in boxes.items() if box is not None}

    @property
    def _gravity(self) -> NDArray[np.float32] | None:
        """Upward direction (3,) of the target frame in the optical frame; None without it."""
        if not self.target_frame or self.frame.pose is None:
            return None
        return self.frame.pose[2, :3].astype(np.float32)

    def _support_plane(self, depth: NDArray[np.float32], rays: NDArray[np.float32]) -> Plane | None:
        if not self.scene.objects:
            return None
        step = CONSTANTS.plane_step_px
        sample = np.s_[::step, ::step]
        return find_support_plane(invert_depth(depth[sample]), rays[sample], self.frame.pose)

    def _object_points(
        self, item: SceneObject, depth: NDArray[np.float32], rays: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Deproject an evenly spaced sample of an object's pixels to (n, 3) [m].

        Pixels at its rim with the depth of another surface are left out.
        """
        # Subsample the bounding box on a regular grid.
        u, v, width, height = item.box
        step = max(isqrt(item.area // CONSTANTS.box_sample_size), 1)
        crop = np.s_[v : v + height : step, u : u + width : step]
        # Scale the viewing rays of the object's pixels by their depth.
        inverse_depth = invert_depth(depth[crop])
        mask = without_stray_rim(inverse_depth, self.scene.labels[crop] == item.id)
        return rays[crop][mask] / inverse_depth[mask][:, None]
