"""Data types that pass through the pipeline, with their shapes, dtypes and units.

Image coordinates are u to the right and v down, with pixel centers at integers. Camera coordinates
are those of the optical frame of REP 103: x right, y down, z forward [m].
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError

if TYPE_CHECKING:
    from scenerep_ros.geometry import Box

BACKGROUND = 0
"""Label of a pixel that belongs to no object."""
UNLABELLED = 65535
"""Label of a pixel whose object is unknown."""
MAX_ID = 65534
"""Largest object id, as labels are published as 16-bit images."""
MAX_STAMP_NS = 2**63 - 1
"""Largest stamp, as stamps are stored in 64 bits [ns]; the year 2262."""
_IMAGE_DIMENSIONS, _COLOR_CHANNELS, _MIN_SIDE_PX = 2, 3, 2


@dataclass(frozen=True)
class Intrinsics:
    """Intrinsics of a pinhole camera without distortion.

    Attributes:
        fx: focal length along u [px].
        fy: focal length along v [px].
        cx: principal point, u [px].
        cy: principal point, v [px].

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
                "all values finite; calibrate the camera, or set them in camera.json or camera_info"
            )

    def subsampled(self, step: int, offset: int = 0) -> Intrinsics:
        """Return the intrinsics of an image of every `step`-th pixel from pixel `offset` on.

        >>> Intrinsics(500.0, 500.0, 320.0, 240.0).subsampled(2)
        Intrinsics(fx=250.0, fy=250.0, cx=160.0, cy=120.0)
        """
        return Intrinsics(
            self.fx / step, self.fy / step, (self.cx - offset) / step, (self.cy - offset) / step
        )

    def resized(self, scale_u: float, scale_v: float) -> Intrinsics:
        """Return the intrinsics of an image that is resized by these factors.

        Pixel centers are at integers, so the image begins at -0.5.

        >>> Intrinsics(500.0, 500.0, 319.5, 239.5).resized(0.5, 0.5)
        Intrinsics(fx=250.0, fy=250.0, cx=159.5, cy=119.5)
        """
        return Intrinsics(
            self.fx * scale_u,
            self.fy * scale_v,
            (self.cx + 0.5) * scale_u - 0.5,
            (self.cy + 0.5) * scale_v - 0.5,
        )


KINECT = Intrinsics(525.0, 525.0, 319.5, 239.5)
"""ROS default for Kinect-type sensors at 640x480; TUM RGB-D recommends it for its sequences."""


@dataclass(frozen=True)
class RGBDFrame:
    """One image of a camera, optionally with depth.

    Attributes:
        color: (H, W, 3) uint8, RGB.
        depth: (H, W) float32, depth along the optical axis [m], registered to color; NaN = no
            measurement. None for a color-only source.
        intrinsics: intrinsics of the color image; None if unknown, which disables clouds and metric
            geometry.
        stamp_ns: time of the color image [ns].
        frame_id: name of the optical frame, without a leading slash.
        name: name that is unique within the source and valid as the stem of a file name.
        pose: (4, 4) float64, transform from camera to world coordinates, or None.

    Raises:
        FrameError: if a shape or dtype differs from the above, or the stamp is beyond MAX_STAMP_NS.
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
        if color.shape[_IMAGE_DIMENSIONS:] != (_COLOR_CHANNELS,) or color.dtype != np.uint8:
            raise FrameError(
                f"frame {self.name}: color is {color.dtype}{list(color.shape)}, "
                "expected uint8[height, width, 3] in RGB order"
            )
        if min(color.shape[:2]) < _MIN_SIDE_PX:
            raise FrameError(
                f"frame {self.name}: color is {color.shape[1]}x{color.shape[0]} pixels, which is "
                "too small to segment; check the camera's resolution"
            )
        if abs(self.stamp_ns) > MAX_STAMP_NS:
            raise FrameError(
                f"frame {self.name}: its stamp is {self.stamp_ns * 1e-9:.3g} s, and the clock ends at "
                f"{MAX_STAMP_NS * 1e-9:.3g} s; correct the stamps of the recording"
            )
        if depth is None:
            return
        if depth.dtype != np.float32 or depth.ndim != _IMAGE_DIMENSIONS:
            raise FrameError(
                f"frame {self.name}: depth is {depth.dtype}{list(depth.shape)}, "
                "expected float32[height, width] in meters"
            )
        if depth.shape != color.shape[:2]:
            raise FrameError(
                f"frame {self.name}: depth is {depth.shape[1]}x{depth.shape[0]} but color is "
                f"{color.shape[1]}x{color.shape[0]}; use depth registered to color"
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width [px]."""
        return self.color.shape[0], self.color.shape[1]


@dataclass(frozen=True)
class Features:
    """Dense features of one image, in host memory whatever device computed them.

    They are 1 MB, and the stages that use them work on a few hundred patches, which a GPU does not
    accelerate.

    Attributes:
        grid: (h, w, C) float32, one feature for each patch of the image.
        pooled: (C,) float32, the CLS token; the mean of the grid for backbones without one.
        attention: (n, h, w) float32, CLS attention of each head of the last layer to the patches; the
            sum of a head is at most 1, as CLS and register tokens take the rest. None for backbones
            without a CLS token.
    """

    grid: NDArray[np.float32]
    pooled: NDArray[np.float32]
    attention: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Segmentation:
    """Segments of one frame, independent of other frames.

    Attributes:
        labels: (H, W) int32: BACKGROUND, UNLABELLED, or 1..K without gaps for K objects.
        inferred: (H, W) bool, pixels whose label is taken from similar patches nearby, as depth is
            missing; None if there are none.
    """

    labels: NDArray[np.int32]
    inferred: NDArray[np.bool_] | None = None

    @property
    def count(self) -> int:
        """Number of objects K."""
        labelled = self.labels[self.labels != UNLABELLED]
        return int(labelled.max(initial=0))


@dataclass(frozen=True)
class SceneObject:
    """Tracked object in one frame.

    Attributes:
        id: 1..MAX_ID, the same in all frames.
        area: area [px].
        box: u and v of the upper left corner, width, height [px].
        feature: (C,) float32, unit length, mean feature of the pixels.
        age: number of frames with the object.
    """

    id: int
    area: int
    box: tuple[int, int, int, int]
    feature: NDArray[np.float32]
    age: int = 1


@dataclass(frozen=True)
class SceneSegmentation:
    """Output of the pipeline for one frame.

    Attributes:
        labels: (H, W) uint16: BACKGROUND, UNLABELLED, or the id of an object.
        objects: objects that are present in `labels`, in order of their ids.
        attention: (n, h, w) float32, CLS attention of each head; None for convnets and blank frames.
        motion: (h, w) float32 on the tracking grid, speed of each pixel against the background [px
            of the grid per frame]; None without tracking, with depth, at the first frame and after a
            cut.
        timings: duration of each stage [ms], in the order of execution.
    """

    labels: NDArray[np.uint16]
    objects: tuple[SceneObject, ...] = ()
    attention: NDArray[np.float32] | None = None
    motion: NDArray[np.float32] | None = None
    timings: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class MapObject:
    """Object of a scene map, from all frames that show it.

    Attributes:
        id: 1..MAX_ID, unique for the life of the map.
        box: upright box in world coordinates.
        point_count: number of occupied voxels.
        feature: (C,) float32, unit length, mean over the frames.
        first_seen_ns: stamp of the first frame with the object [ns].
        last_seen_ns: stamp of the last frame with the object [ns].
        confidence: estimated probability that a frame in which the object is visible shows it as
            one segment.
        moved_from: (3,) float32, center before the object was moved [m]; None if it was not.
    """

    id: int
    box: Box
    point_count: int
    feature: NDArray[np.float32]
    first_seen_ns: int
    last_seen_ns: int
    confidence: float
    moved_from: NDArray[np.float32] | None = None
