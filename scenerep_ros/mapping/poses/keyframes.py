"""Key frames of the odometry, and the localization of a frame among them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.geometry import viewing_rays
from scenerep_ros.mapping.poses.pose_gate import motion_between
from scenerep_ros.mapping.poses.rgbd_motion import reduce_frame

Pose = NDArray[np.float64]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class KeyframeConstants:
    """Tuned constants of key frames and of the localization among them."""

    feature_count: int = tuned(
        800, "number of ORB features of a frame", set_on="argument: OpenCV's default is 500"
    )
    min_matches: int = tuned(
        25,
        "number of matched features that agree with one pose",
        set_on="argument: random matches of 800 features rarely agree on more than ten",
    )
    max_reprojection_error_px: float = tuned(
        3.0,
        "reprojection error of an inlier",
        unit="px",
        grid="640 px wide image",
        set_on="argument: ORB's coarser pyramid levels are exact to 2 px",
    )
    max_keyframes: int = tuned(400, "largest number of key frames", set_on="argument: 70 MB")


CONSTANTS = KeyframeConstants()


@dataclass(frozen=True)
class Keyframe:
    """A frame with a pose that others are localized against.

    Attributes:
        frame: color and depth at the size of `reduce_frame`.
        pose: (4, 4) float64, camera to world.
        descriptors: (n, 32) uint8, ORB features with depth.
        points: (n, 3) float32, their positions in camera coordinates [m].
    """

    frame: RGBDFrame
    pose: Pose
    descriptors: NDArray[np.uint8]
    points: Floats


@dataclass
class Keyframes:
    """Key frames in the order of their creation; the oldest are dropped first."""

    items: list[Keyframe] = field(default_factory=list)

    def add(self, frame: RGBDFrame, pose: Pose) -> Keyframe:
        """Add a frame with depth and intrinsics."""
        pixels, descriptors = _detect(frame)
        points = _deproject_pixels(frame, pixels)
        has_depth = np.isfinite(points[:, 2])
        keyframe = Keyframe(reduce_frame(frame), pose, descriptors[has_depth], points[has_depth])
        self.items = [*self.items, keyframe][-CONSTANTS.max_keyframes :]
        return keyframe

    def near(self, pose: Pose, max_distance: float, max_angle_deg: float) -> Keyframe | None:
        """Return the oldest key frame within a distance [m] and an angle [deg], or None."""
        for item in self.items:
            distance, angle_deg = motion_between(item.pose, pose)
            if distance <= max_distance and angle_deg <= max_angle_deg:
                return item
        return None

    def localize(self, frame: RGBDFrame) -> Iterator[tuple[Keyframe, Pose]]:
        """Yield key frames that show the same place, with the motion to them, best first.

        ORB features (Rublee et al., ICCV 2011) are matched, and the pose is the one that most
        matches agree with (P3P and RANSAC).

        Yields:
            A key frame, and the transform (4, 4) of points from it to the frame.
        """
        pixels, descriptors = _detect(frame)
        if len(descriptors) < CONSTANTS.min_matches:
            return
        candidates = [(item, *_match(frame, pixels, descriptors, item)) for item in self.items]
        for item, count, motion in sorted(candidates, key=lambda entry: -entry[1]):
            if motion is None or count < CONSTANTS.min_matches:
                return
            yield item, motion


def _detect(frame: RGBDFrame) -> tuple[Floats, NDArray[np.uint8]]:
    """Return pixels (n, 2) and descriptors (n, 32) of the ORB features of a frame."""
    gray = cv2.cvtColor(frame.color, cv2.COLOR_RGB2GRAY)
    orb = cv2.ORB.create(nfeatures=CONSTANTS.feature_count)
    points, descriptors = orb.detectAndCompute(gray, None)
    if descriptors is None:
        return np.empty((0, 2), np.float32), np.empty((0, 32), np.uint8)
    return np.array([point.pt for point in points], np.float32), np.asarray(descriptors, np.uint8)


def _deproject_pixels(frame: RGBDFrame, pixels: Floats) -> Floats:
    """Return the positions (n, 3) of pixels (n, 2) in camera coordinates; NaN without depth."""
    assert frame.depth is not None
    assert frame.intrinsics is not None
    if not len(pixels):
        return np.empty((0, 3), np.float32)
    columns, rows = np.rint(pixels).astype(np.intp).T
    rays = viewing_rays(frame.intrinsics, *frame.shape)
    depth = np.where(frame.depth > 0, frame.depth, np.float32(np.nan))
    return np.asarray(rays[rows, columns] * depth[rows, columns, None], np.float32)


def _match(
    frame: RGBDFrame, pixels: Floats, descriptors: NDArray[np.uint8], keyframe: Keyframe
) -> tuple[int, Pose | None]:
    """Return the number of matches that agree with one motion, and the motion or None."""
    matcher = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True)
    matches = matcher.match(keyframe.descriptors, descriptors)
    if len(matches) < CONSTANTS.min_matches:
        return 0, None
    k = frame.intrinsics
    assert k is not None
    success, rotation, translation, inliers = cv2.solvePnPRansac(
        keyframe.points[[match.queryIdx for match in matches]],
        pixels[[match.trainIdx for match in matches]],
        np.array([[k.fx, 0, k.cx], [0, k.fy, k.cy], [0, 0, 1]]),
        None,
        reprojectionError=CONSTANTS.max_reprojection_error_px,
    )
    if not success or inliers is None:
        return 0, None
    motion = np.eye(4)
    motion[:3, :3], motion[:3, 3] = cv2.Rodrigues(rotation)[0], translation[:, 0]
    return len(inliers), motion
