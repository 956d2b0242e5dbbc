"""Checks of a camera as a whole: do its images and its calibration fit together?"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from statistics import median

from scenerep_ros.doctor.findings import Finding, fail, ok, warn
from scenerep_ros.doctor.observation import CameraView, Heard, TopicView
from scenerep_ros.doctor.topics import check_topic
from scenerep_ros.sources.image_decoding import COLOR_LAYOUTS, DEPTH_DTYPES

FAR = 50.0
"""Metres: a median depth beyond it is no indoor scene, but another unit."""
MIN_VALID = 0.1
"""Share of valid depth below which there is little to segment by."""


def check_camera(camera: CameraView, slop: float) -> list[Finding]:
    """All checks of a camera.

    Args:
        camera: as observed.
        slop: largest time between colour and depth that the segmenter pairs, seconds.
    """
    findings = [f for topic in camera.topics for f in check_topic(topic, camera.seconds)]
    color, depth, info = camera.color, camera.depth, camera.camera_info
    findings += check_encoding(color, list(COLOR_LAYOUTS))
    if depth and depth.heard:
        findings += [*check_encoding(depth, list(DEPTH_DTYPES)), *check_depth(depth)]
    if depth and depth.heard and color.heard:
        findings += [check_offset(color, depth, slop), *check_registration(color, depth)]
    if info and info.heard:
        findings += check_calibration(info, color)
    return findings


def check_encoding(topic: TopicView, known: Sequence[str]) -> list[Finding]:
    """Can the segmenter read the images?"""
    if not topic.heard or topic.heard[-1].size is None:
        return []
    encoding = topic.heard[-1].encoding
    if encoding in known:
        return [ok(topic.name, f"encoding {encoding}")]
    advice = f"let the driver publish one of {', '.join(known)}"
    return [fail(topic.name, f"encoding {encoding!r} cannot be read", advice)]


def check_depth(depth: TopicView) -> list[Finding]:
    """Does depth hold distances, in the unit that its encoding says?"""
    last = depth.heard[-1]
    if last.range is None:
        return []
    valid, distance = last.range
    if valid < MIN_VALID:
        detail = f"{valid:.0%} of the pixels have a depth"
        return [warn(depth.name, detail, "is the lens covered, or all too near, far or shiny?")]
    if distance > FAR:
        detail = f"median depth {distance:.0f} m"
        return [fail(depth.name, detail, "32FC1 must be metres, 16UC1 millimetres (REP 118)")]
    return [ok(depth.name, f"{valid:.0%} of the pixels have a depth, median {distance:.2f} m")]


def check_offset(color: TopicView, depth: TopicView, slop: float) -> Finding:
    """Are colour and depth taken together, by their stamps?"""
    offset = stamp_offset(color.heard, depth.heard)
    detail = f"depth is {abs(offset) * 1e3:.1f} ms {'after' if offset >= 0 else 'before'} colour"
    if abs(offset) <= slop:
        return ok("stamps", detail)
    return fail(
        "stamps",
        f"{detail}, more than sync_slop = {slop:g} s: no pairs are found",
        "synchronise the camera's streams and clocks, or set sync_slop",
    )


def stamp_offset(color: Sequence[Heard], depth: Sequence[Heard]) -> float:
    """Median time from a colour image to the depth image nearest to it, seconds; both not empty."""
    times = sorted(message.stamp for message in depth)
    return median(_nearest(times, message.stamp) - message.stamp for message in color)


def _nearest(times: Sequence[float], time: float) -> float:
    index = bisect_left(times, time)
    return min(times[max(0, index - 1) : index + 1], key=lambda other: abs(other - time))


def check_registration(color: TopicView, depth: TopicView) -> list[Finding]:
    """Does a depth pixel belong to the colour pixel of the same place?"""
    ours, theirs = color.heard[-1], depth.heard[-1]
    advice = "use depth registered (aligned) to colour"
    if ours.size and theirs.size and ours.size != theirs.size:
        sizes = "{}x{}, but colour {}x{}".format(*theirs.size, *ours.size)
        return [fail(depth.name, f"depth is {sizes}", advice)]
    if ours.frame_id.lstrip("/") != theirs.frame_id.lstrip("/"):
        frames = f"depth is in frame {theirs.frame_id}, colour in {ours.frame_id}"
        return [warn(depth.name, frames, f"{advice}, unless it is and only the name differs")]
    return [ok(depth.name, f"size and frame {ours.frame_id} are those of colour")]


def check_calibration(info: TopicView, color: TopicView) -> list[Finding]:
    """Is the camera calibrated, and is it this camera?"""
    last = info.heard[-1]
    if not last.focal or min(last.focal) <= 0:
        return [fail(info.name, "focal lengths are 0", "calibrate the camera (camera_info_url)")]
    size = color.heard[-1].size if color.heard else None
    if size and last.size and last.size != size:
        sizes = "{}x{} images, but colour is {}x{}".format(*last.size, *size)
        return [
            fail(info.name, f"describes {sizes}", "set camera_info_topic to the colour camera's")
        ]
    if last.distorted and "rect" not in color.name:
        detail = "the lens has distortion, which clouds ignore"
        return [warn(info.name, detail, "use a rectified colour topic (image_rect)")]
    return [ok(info.name, f"fx = {last.focal[0]:.1f}, fy = {last.focal[1]:.1f} pixels")]
