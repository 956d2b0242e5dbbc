"""The things that flow through the pipeline, with their shapes, dtypes and units.

Image coordinates: u to the right, v down, pixel centres at integers. Camera coordinates are the
optical frame of REP 103: x right, y down, z forward, metres.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError

if TYPE_CHECKING:  # torch takes seconds to import, which sources and the replay node do without
    import torch

BACKGROUND = 0
"""Label of a pixel that belongs to no object."""
UNLABELLED = 65535
"""Label of a pixel about which nothing is known."""
MAX_ID = 65534
"""Largest object id: labels are published as 16 bit images."""


@dataclass(frozen=True)
class Intrinsics:
    """Pinhole camera without distortion: focal lengths and principal point in pixels.

    Raises:
        FrameError: if a focal length is not positive or a value is not finite.
    """

    fx: float
    fy: float
    cx: float
    cy: float

    def __post_init__(self) -> None:
        values = (self.fx, self.fy, self.cx, self.cy)
        if not np.isfinite(values).all() or self.fx <= 0 or self.fy <= 0:
            raise FrameError(
                f"camera intrinsics fx, fy, cx, cy = {values}: focal lengths must be positive and "
                "all four finite; calibrate the camera, or set them in camera.json or camera_info"
            )


KINECT = Intrinsics(525.0, 525.0, 319.5, 239.5)
"""The ROS default of Kinect-type sensors at 640x480, which TUM RGB-D recommends for its sequences."""


@dataclass(frozen=True)
class RGBDFrame:
    """One image of a camera, with depth where there is some.

    Attributes:
        color: (H, W, 3) uint8, RGB.
        depth: (H, W) float32, metres along the optical axis, registered to colour; NaN = no
            measurement. None for a colour-only source.
        intrinsics: of the colour image; None when unknown (then no clouds and no metric geometry).
        stamp_ns: time of the colour image, nanoseconds.
        frame_id: name of the optical frame, without a leading slash.
        name: unique within its source, usable as a file's stem.
        pose: (4, 4) float64, camera to world, or None.

    Raises:
        FrameError: if shapes or dtypes are not as above.
    """

    color: NDArray[np.uint8]
    depth: NDArray[np.float32] | None = None
    intrinsics: Intrinsics | None = None
    stamp_ns: int = 0
    frame_id: str = "camera"
    name: str = "frame"
    pose: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        color, depth = self.color, self.depth
        if color.ndim != 3 or color.shape[2] != 3 or color.dtype != np.uint8:
            raise FrameError(
                f"frame {self.name}: colour is {color.dtype}{list(color.shape)}, "
                "expected uint8[height, width, 3] in RGB order"
            )
        if min(color.shape[:2]) < 2:
            raise FrameError(
                f"frame {self.name}: colour is {color.shape[1]}x{color.shape[0]} pixels, which is "
                "too small to segment; check the camera's resolution"
            )
        if depth is None:
            return
        if depth.dtype != np.float32 or depth.ndim != 2:
            raise FrameError(
                f"frame {self.name}: depth is {depth.dtype}{list(depth.shape)}, "
                "expected float32[height, width] in metres"
            )
        if depth.shape != color.shape[:2]:
            raise FrameError(
                f"frame {self.name}: depth is {depth.shape[1]}x{depth.shape[0]} but colour is "
                f"{color.shape[1]}x{color.shape[0]}; use depth registered to colour"
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.color.shape[0], self.color.shape[1]


@dataclass(frozen=True)
class Features:
    """What a backbone sees in one image, on the backbone's device.

    Attributes:
        grid: (h, w, C) float32, one feature a patch (ViT) or cell (convnet).
        pooled: (C,) float32, the CLS token, or the mean of the grid where there is none.
        attention: (n, h, w) float32, the last layer's CLS attention a head over the patches; sums
            to at most 1 a head (CLS and register tokens take the rest). None for backbones
            without a CLS token.
    """

    grid: torch.Tensor
    pooled: torch.Tensor
    attention: torch.Tensor | None = None


@dataclass(frozen=True)
class Segmentation:
    """One frame cut into objects, without regard to other frames.

    Attributes:
        labels: (H, W) int32: BACKGROUND, UNLABELLED, or 1..K for the K objects, without gaps.
        inferred: (H, W) bool, where labels are those of what looks alike nearby, for depth says
            nothing; None for nowhere.
    """

    labels: NDArray[np.int32]
    inferred: NDArray[np.bool_] | None = None

    @property
    def count(self) -> int:
        """Number of objects K."""
        known = self.labels[self.labels != UNLABELLED]
        return int(known.max(initial=0))


@dataclass(frozen=True)
class SceneObject:
    """One object of one frame, with an identity that lasts.

    Attributes:
        id: 1..MAX_ID, the same object's id in every frame.
        area: pixels.
        box: u, v of the upper left corner, width, height, pixels.
        feature: (C,) float32, unit length, mean feature of its pixels.
        age: number of frames in which it was seen.
    """

    id: int
    area: int
    box: tuple[int, int, int, int]
    feature: NDArray[np.float32]
    age: int = 1


@dataclass(frozen=True)
class SceneSegmentation:
    """The pipeline's answer for one frame.

    Attributes:
        labels: (H, W) uint16: BACKGROUND, UNLABELLED, or the object's id.
        objects: one entry an id that is present in labels, in order of id.
        attention: (n, h, w) CLS attention of each head, on the backbone's device; None for convnets
            and blank frames.
        timings: milliseconds a stage, in the order in which the stages ran.
    """

    labels: NDArray[np.uint16]
    objects: tuple[SceneObject, ...] = ()
    attention: torch.Tensor | None = None
    timings: dict[str, float] = field(default_factory=dict)

    def attention_maps(self) -> NDArray[np.float32] | None:
        """Copy the attention from the device: (n, h, w) float32, or None."""
        if self.attention is None:
            return None
        maps: NDArray[np.float32] = self.attention.float().cpu().numpy()
        return maps
