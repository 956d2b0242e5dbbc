"""Camera motion between two RGB-D frames (Open3D)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import RGBDFrame

Pose = NDArray[np.float64]

_DEPTH_TRUNCATION_M = 1000.0  # constant: sources mark what is out of range themselves


@dataclass(frozen=True)
class RgbdMotionConstants:
    """Tuned constants of the camera motion."""

    image_width_px: int = tuned(
        160,
        "width to which images are downsampled",
        unit="px",
        set_on="TUM fr1_rpy: poses agree with optical flow to 1.4 px of 640, as at 320, in less time",
    )
    max_depth_difference_m: float = tuned(
        0.1,
        "largest depth difference of corresponding points",
        unit="m",
        set_on="TUM fr1_rpy: Open3D's default of 0.03 loses rotations of 4 degrees per frame",
    )


CONSTANTS = RgbdMotionConstants()


def relative_pose(first: RGBDFrame, second: RGBDFrame, initial: Pose | None = None) -> Pose | None:
    """Estimate the camera motion between two near frames from color and depth.

    Park, Zhou and Koltun (ICCV 2017), as implemented in Open3D.

    Args:
        first: frame with depth and intrinsics.
        second: frame with depth and intrinsics.
        initial: (4, 4) float64, approximate result; None for the identity.

    Returns:
        (4, 4) float64 transform of points from the first to the second camera; None if the
        estimation fails.

    Raises:
        ConfigError: if Open3D cannot be imported.
    """
    if first.depth is None or second.depth is None or first.intrinsics is None:
        return None
    o3d = import_open3d()
    odometry = o3d.pipelines.odometry
    options = odometry.OdometryOption(depth_diff_max=CONSTANTS.max_depth_difference_m)
    first, second = reduce_frame(first), reduce_frame(second)
    k = first.intrinsics
    assert k is not None
    height, width = first.shape
    success, motion, _ = odometry.compute_rgbd_odometry(
        _to_open3d(o3d, first),
        _to_open3d(o3d, second),
        o3d.camera.PinholeCameraIntrinsic(width, height, k.fx, k.fy, k.cx, k.cy),
        np.eye(4) if initial is None else initial,
        odometry.RGBDOdometryJacobianFromHybridTerm(),
        options,
    )
    return np.asarray(motion) if success else None


def reduce_frame(frame: RGBDFrame) -> RGBDFrame:
    """Return a frame at the size that motion is estimated at; a frame of that size is unchanged.

    Args:
        frame: frame with depth and intrinsics.
    """
    (height, width), target = frame.shape, CONSTANTS.image_width_px
    if width == target or frame.depth is None or frame.intrinsics is None:
        return frame
    size = target, round(height * target / width)
    return replace(
        frame,
        color=np.asarray(cv2.resize(frame.color, size, interpolation=cv2.INTER_AREA), np.uint8),
        depth=np.asarray(
            cv2.resize(frame.depth, size, interpolation=cv2.INTER_NEAREST), np.float32
        ),
        intrinsics=frame.intrinsics.resized(size[0] / width, size[1] / height),
    )


def _to_open3d(o3d: ModuleType, frame: RGBDFrame) -> Any:
    """Return a frame with depth as RGBDImage of Open3D."""
    assert frame.depth is not None
    gray = cv2.cvtColor(frame.color, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    image = o3d.geometry.Image
    return o3d.geometry.RGBDImage.create_from_color_and_depth(
        image(gray),
        image(np.nan_to_num(frame.depth)),
        depth_scale=1.0,
        depth_trunc=_DEPTH_TRUNCATION_M,
        convert_rgb_to_intensity=False,
    )


def import_open3d(purpose: str = "odometry", extra: str = "scenerep_ros[map]") -> ModuleType:
    """Import Open3D, which only visual odometry and rendering need.

    Args:
        purpose: what needs it, for the error.
        extra: requirement that installs it, for the error.

    Raises:
        ConfigError: if it cannot be imported.
    """
    try:
        import open3d
    except (ImportError, OSError) as error:
        raise ConfigError(
            f"{purpose} needs Open3D, which cannot be imported: {error}; pip install "
            f"'{extra}', and the library that the error names (libusb-1.0-0 on Debian)"
        ) from error
    return open3d
