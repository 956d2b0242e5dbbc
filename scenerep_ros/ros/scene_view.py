"""One segmented frame, as the outputs look at it: what several of them need is computed once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import isqrt

import numpy as np
from numpy.typing import NDArray
from std_msgs.msg import Header

from scenerep_ros.frames import RGBDFrame, SceneObject, SceneSegmentation
from scenerep_ros.geometry import Box, deproject, object_box
from scenerep_ros.ros.camera_messages import to_stamp
from scenerep_ros.ros.cloud_message import CloudMessage

BOX_POINTS = 2000
"""Pixels of an object that its box is computed from."""


BOX_SAMPLES = 2048
"""Pixels of an object's rectangle that its 3D box is computed from, about."""


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

    @cached_property
    def points(self) -> NDArray[np.float32] | None:
        """(H, W, 3) metres, optical frame, NaN without depth; None without depth or camera."""
        if self.frame.depth is None or self.frame.intrinsics is None:
            return None
        return deproject(self.frame.depth, self.frame.intrinsics)

    def boxes(self) -> dict[int, Box]:
        """3D boxes of the objects that have depth, by id."""
        if self.points is None:
            return {}
        boxes = {item.id: self._box(item) for item in self.scene.objects}
        return {id_: box for id_, box in boxes.items() if box is not None}

    def _box(self, item: SceneObject) -> Box | None:
        assert self.points is not None
        u, v, width, height = item.box
        step = max(isqrt(item.area // BOX_POINTS), 1)
        crop = np.s_[v : v + height : step, u : u + width : step]
        return object_box(self.points[crop][self.scene.labels[crop] == item.id])
