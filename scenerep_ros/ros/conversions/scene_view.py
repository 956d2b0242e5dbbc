"""One segmented frame, as the outputs look at it: what several of them need is computed once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import isqrt

import numpy as np
from numpy.typing import NDArray
from std_msgs.msg import Header

from scenerep_ros.frames import RGBDFrame, SceneObject, SceneSegmentation
from scenerep_ros.geometry import Box, object_box, viewing_rays
from scenerep_ros.ros.conversions.camera_messages import to_stamp
from scenerep_ros.ros.conversions.cloud_message import CloudMessage

BOX_POINTS = 2000
"""Pixels of an object that its box is computed from."""


@dataclass
class SceneView:
    """A frame and what was found in it.

    Attributes:
        frame, scene: the pipeline's input and output.
        cloud: where clouds are written, frame after frame.
    """

    frame: RGBDFrame
    scene: SceneSegmentation
    cloud: CloudMessage

    @cached_property
    def header(self) -> Header:
        """Stamp and frame of every output: the colour image's."""
        return Header(stamp=to_stamp(self.frame.stamp_ns), frame_id=self.frame.frame_id)

    @property
    def has_points(self) -> bool:
        """Whether there is depth, and a camera that says where it points."""
        return self.frame.depth is not None and self.frame.intrinsics is not None

    def boxes(self) -> dict[int, Box]:
        """3D boxes of the objects that have depth, by id; none without depth or camera."""
        depth, camera = self.frame.depth, self.frame.intrinsics
        if depth is None or camera is None:
            return {}
        rays = viewing_rays(camera, *self.frame.shape)
        boxes = {
            item.id: object_box(self._points(item, depth, rays)) for item in self.scene.objects
        }
        return {id_: box for id_, box in boxes.items() if box is not None}

    def _points(
        self, item: SceneObject, depth: NDArray[np.float32], rays: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """(n, 3) metres: evenly spread pixels of an object that have depth."""
        u, v, width, height = item.box
        step = max(isqrt(item.area // BOX_POINTS), 1)
        crop = np.s_[v : v + height : step, u : u + width : step]
        window = depth[crop]
        chosen = (self.scene.labels[crop] == item.id) & (window > 0) & (window < np.inf)
        return rays[crop][chosen] * window[chosen][:, None]
