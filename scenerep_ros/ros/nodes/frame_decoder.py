"""Decoding of camera messages to frames, with warnings about data that does not fit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.options import TopicOptions
from scenerep_ros.errors import FrameError
from scenerep_ros.frames import Intrinsics, RGBDFrame
from scenerep_ros.geometry.calibration import Calibration
from scenerep_ros.ros.conversions.camera_messages import stamp_to_ns
from scenerep_ros.ros.conversions.images import to_color, to_depth, to_frame_id
from scenerep_ros.ros.monitoring.depth_check import impossible_median
from scenerep_ros.ros.monitoring.problem_reporter import ProblemReporter
from scenerep_ros.ros.transport.camera_input import RawFrame
from scenerep_ros.ros.transport.camera_poses import CameraPoses
from scenerep_ros.ros.transport.topic_names import color_topic, depth_topic


class FrameDecoder:
    """Converts the messages of one moment to a frame.

    Args:
        config: camera topics and transport.
        reporter: reporter of problems with a frame.
        poses: poses of the camera in the target frame; None without one.
    """

    def __init__(
        self, config: TopicOptions, reporter: ProblemReporter, poses: CameraPoses | None = None
    ) -> None:
        self._config = config
        self._reporter = reporter
        self._poses = poses

    def __call__(self, raw: RawFrame) -> RGBDFrame:
        """Decode one frame.

        Raises:
            FrameError: if the frame cannot be used.
        """
        config = self._config
        color = to_color(raw.color, color_topic(config))
        depth = None if raw.depth is None else to_depth(raw.depth, depth_topic(config))
        if depth is not None:
            self._check_depth_unit(depth)
        return RGBDFrame(
            color=color,
            depth=depth,
            intrinsics=self._intrinsics(raw, (color.shape[0], color.shape[1])),
            stamp_ns=stamp_to_ns(raw.color.header.stamp),
            frame_id=to_frame_id(raw.color),
            pose=self._pose(raw),
        )

    def _check_depth_unit(self, depth: NDArray[np.float32]) -> None:
        """Report depth (H, W) [m] that no camera of rooms can measure."""
        median_m = impossible_median(depth)
        if median_m is not None:
            self._reporter.report_warning(
                "impossible_depth",
                f"depth topic {depth_topic(self._config)}: the median depth is {median_m:.4g} m, which "
                "cannot be; the driver must publish 16UC1 in mm or 32FC1 in m (REP 118)",
            )

    def _pose(self, raw: RawFrame) -> NDArray[np.float64] | None:
        """Look up the camera's pose in the target frame. Without it, no objects are published."""
        if self._poses is None:
            return None
        try:
            return self._poses.pose(to_frame_id(raw.color), raw.color.header.stamp)
        except FrameError as error:
            self._reporter.report_warning("no_transform", f"{error}: no objects")
            return None

    def _intrinsics(self, raw: RawFrame, shape: tuple[int, int]) -> Intrinsics | None:
        """Read the calibration. Without one, labels are published, but no clouds."""
        topic = self._config.camera_info_topic
        if raw.camera_info is None:
            if topic:
                self._reporter.report_warning("no_camera_info", f"no message on {topic}: no clouds")
            return None
        calibration = Calibration.from_message(raw.camera_info)
        try:
            intrinsics = calibration.intrinsics(shape, self._config.color_topic)
        except FrameError as error:
            self._reporter.report_warning("bad_camera_info", f"{error}: no clouds")
            return None
        if calibration.is_resized(shape):
            self._reporter.report_warning("resized_image", _resize_text(topic, calibration, shape))
        return intrinsics


def _resize_text(topic: str, calibration: Calibration, shape: tuple[int, int]) -> str:
    width, height = calibration.size
    return (
        f"{topic} describes {width}x{height} images, but color is {shape[1]}x{shape[0]}, so the "
        "intrinsics are scaled; check that it belongs to the color camera"
    )
