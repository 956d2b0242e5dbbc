"""Checks of a camera as a whole: consistency of its images and its calibration."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from scenerep_ros.config.constants import tuned
from scenerep_ros.doctor.findings import Finding, fail, ok, warn
from scenerep_ros.doctor.observation import CameraObservation, MessageSummary, TopicObservation
from scenerep_ros.doctor.topics import check_topic
from scenerep_ros.errors import FrameError
from scenerep_ros.sources.color_encodings import COLOR_LAYOUTS
from scenerep_ros.sources.depth_units import is_possible_median
from scenerep_ros.sources.image_decoding import DEPTH_DTYPES


@dataclass(frozen=True)
class CameraCheckConstants:
    """Tuned constants of the checks of a camera."""

    min_valid_ratio: float = tuned(
        0.1,
        "ratio of pixels with depth below which depth hardly helps segmentation",
        set_on="not recorded",
    )


CONSTANTS = CameraCheckConstants()


def check_camera(camera: CameraObservation, slop_s: float) -> list[Finding]:
    """Run all checks of a camera.

    Args:
        camera: observation of the camera.
        slop_s: maximum difference between the stamps of color and depth that the segmenter pairs [s].
    """
    findings = [
        finding for topic in camera.topics for finding in check_topic(topic, camera.duration_s)
    ]
    color, depth, info = camera.color, camera.depth, camera.camera_info
    findings += check_encoding(color, list(COLOR_LAYOUTS))
    if depth and depth.messages:
        findings += [*check_depth_encoding(depth), *check_depth(depth)]
    if depth and depth.messages and color.messages:
        findings += [
            check_synchronization(color, depth, slop_s),
            *check_registration(color, depth),
        ]
    if info and info.messages:
        findings += check_calibration(info, color)
    return findings


def check_encoding(topic: TopicObservation, supported: Sequence[str]) -> list[Finding]:
    """Check that the segmenter can decode the images."""
    if not topic.messages or topic.messages[-1].size is None:
        return []
    encoding = topic.messages[-1].encoding
    if encoding in supported:
        return [ok(topic.name, f"encoding {encoding}")]
    advice = f"let the driver publish one of {', '.join(supported)}"
    return [fail(topic.name, f"encoding {encoding!r} cannot be read", advice)]


def check_depth_encoding(depth: TopicObservation) -> list[Finding]:
    """Check that the segmenter can decode depth, of any transport."""
    if depth.type.endswith("/Image"):
        return check_encoding(depth, list(DEPTH_DTYPES))
    message = depth.messages[-1]
    if message.depth_statistics is not None:
        return [ok(depth.name, f"format {message.encoding}")]
    advice = "set depth_transport to raw, compressed (PNG) or compressedDepth (PNG, RVL)"
    return [fail(depth.name, f"format {message.encoding!r} cannot be read", advice)]


def check_depth(depth: TopicObservation) -> list[Finding]:
    """Check that depth has enough values, in the unit of its encoding."""
    statistics = depth.messages[-1].depth_statistics
    if statistics is None:
        return []
    valid_ratio, median_depth = statistics
    if valid_ratio < CONSTANTS.min_valid_ratio:
        detail = f"{valid_ratio:.0%} of the pixels have a depth"
        return [
            warn(
                depth.name,
                detail,
                "check that the lens is free and the scene not too near, far or reflective",
            )
        ]
    if not is_possible_median(median_depth):
        detail = f"median depth {median_depth:.4g} m"
        return [fail(depth.name, detail, "32FC1 must be metres, 16UC1 millimetres (REP 118)")]
    return [
        ok(
            depth.name,
            f"{valid_ratio:.0%} of the pixels have a depth, median {median_depth:.2f} m",
        )
    ]


def check_synchronization(
    color: TopicObservation, depth: TopicObservation, slop_s: float
) -> Finding:
    """Check that the stamps of color and depth are within the slop."""
    offset = stamp_offset(color.messages, depth.messages)
    detail = f"depth is {abs(offset) * 1e3:.1f} ms {'after' if offset >= 0 else 'before'} color"
    if abs(offset) <= slop_s:
        return ok("stamps", detail)
    return fail(
        "stamps",
        f"{detail}, more than sync_slop = {slop_s:g} s: no pairs are found",
        "synchronize the camera's streams and clocks, or set sync_slop",
    )


def stamp_offset(color: Sequence[MessageSummary], depth: Sequence[MessageSummary]) -> float:
    """Return the median time from a color image to the nearest depth image [s].

    Args:
        color: at least one message.
        depth: at least one message.
    """
    depth_stamps = sorted(message.stamp for message in depth)
    return median(_nearest(depth_stamps, message.stamp) - message.stamp for message in color)


def _nearest(sorted_times: Sequence[float], time: float) -> float:
    index = bisect_left(sorted_times, time)
    return min(sorted_times[max(0, index - 1) : index + 1], key=lambda other: abs(other - time))


def check_registration(color: TopicObservation, depth: TopicObservation) -> list[Finding]:
    """Check that size and frame id of depth are those of color."""
    color_message, depth_message = color.messages[-1], depth.messages[-1]
    color_size, depth_size = color_message.size, depth_message.size
    advice = "use depth registered (aligned) to color"
    if color_size and depth_size and color_size != depth_size:
        sizes = "{}x{}, but color {}x{}".format(*depth_size, *color_size)
        return [fail(depth.name, f"depth is {sizes}", advice)]
    if color_message.frame_id.lstrip("/") != depth_message.frame_id.lstrip("/"):
        frames = f"depth is in frame {depth_message.frame_id}, color in {color_message.frame_id}"
        return [warn(depth.name, frames, f"{advice}, unless it is and only the name differs")]
    return [ok(depth.name, f"size and frame {color_message.frame_id} are those of color")]


def check_calibration(info: TopicObservation, color: TopicObservation) -> list[Finding]:
    """Check that the calibration is valid and belongs to the color camera."""
    calibrations = [message.calibration for message in info.messages if message.calibration]
    valid = [calibration for calibration in calibrations if calibration.is_calibrated]
    if not valid:
        return [fail(info.name, "focal lengths are 0", "calibrate the camera (camera_info_url)")]
    calibration = valid[-1]
    color_size = color.messages[-1].size if color.messages else None
    width, height = color_size or calibration.size
    try:
        camera = calibration.intrinsics((height, width), color.name)
    except FrameError as error:
        return [fail(info.name, str(error), "set camera_info_topic to the color camera's")]
    if not calibration.is_rectified(color.name):
        detail = "the lens has distortion, which clouds ignore"
        return [warn(info.name, detail, "use a rectified color topic (image_rect)")]
    if calibration.is_resized((height, width)):
        sizes = "{}x{} images, but color is {}x{}".format(*calibration.size, width, height)
        advice = "check that it belongs to the color camera; the intrinsics are scaled"
        return [warn(info.name, f"describes {sizes}", advice)]
    return [ok(info.name, f"fx = {camera.fx:.1f}, fy = {camera.fy:.1f} pixels")]
