"""Conversion of segmented frames to messages, one function per output topic.

A function returns None if the frame has no data for its topic.
"""

from __future__ import annotations

import copy
from functools import lru_cache
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point, Pose, Vector3
from numpy.typing import NDArray
from sensor_msgs.msg import Image, PointCloud2
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from scenerep_ros.frames import BACKGROUND, UNLABELLED
from scenerep_ros.geometry import Box
from scenerep_ros.render import attention_montage, draw_overlay, id_colors, paint_labels
from scenerep_ros.ros.conversions.camera_messages import image_message
from scenerep_ros.ros.conversions.detection_messages import box_pose
from scenerep_ros.ros.conversions.scene_view import SceneView

BOX_OPACITY = 0.4
IMAGE_UP = np.array([0, -1, 0], np.float32)
"""Upward direction of an upright camera's optical frame, in which y points down."""
WORLD_UP = np.array([0, 0, 1], np.float32)
"""Upward direction of all other frames (REP 103)."""
TEXT_HEIGHT_M = 0.05
"""Height of an id's text above its box [m]."""
MARKER_LIFETIME_S = 5
"""Time after which RViz removes the markers of a segmenter that has ended [s]."""
MASK_VALUE = np.uint8(255)
"""Value of objects in a mono8 mask."""


def labels_message(view: SceneView) -> Image:
    """Convert labels in the selected encoding.

    mono16 has 0 for background, 65535 for unlabelled, else the object's id. 32SC1 has the id in its
    lower 16 bits, which semantic-instance receivers expect, and mono8 is the mask of all objects;
    unlabelled pixels are background in both.
    """
    labels, encoding = view.scene.labels, view.labels_encoding
    if encoding == "mono16":
        return image_message(labels, encoding, view.header)
    ids = np.where(labels == UNLABELLED, BACKGROUND, labels)
    pixels = (
        ids.astype(np.int32) if encoding == "32SC1" else (ids > 0).astype(np.uint8) * MASK_VALUE
    )
    return image_message(pixels, encoding, view.header)


def overlay_message(view: SceneView) -> Image:
    """Blend the objects' colors over the color image, rgb8."""
    return image_message(draw_overlay(view.frame.color, view.scene.labels), "rgb8", view.header)


def attention_message(view: SceneView) -> Image | None:
    """Arrange the attention heads in one image, rgb8. None for a backbone without attention."""
    attention = view.scene.attention
    if attention is None:
        return None
    montage = attention_montage(view.frame.color, attention)
    return image_message(montage, "rgb8", view.header)


def points_message(view: SceneView) -> PointCloud2 | None:
    """Create the organized cloud of x y z rgb label. None without depth or calibration."""
    if not view.has_points:
        return None
    return view.cloud.fill(view.header, view.frame, view.scene.labels, view.frame.color)


def points_colored_message(view: SceneView) -> PointCloud2 | None:
    """Create the same cloud with label colors, because RViz cannot color by `label`."""
    if not view.has_points:
        return None
    labels = view.scene.labels
    return view.cloud.fill(view.header, view.frame, labels, paint_labels(view.frame.color, labels))


def objects_message(view: SceneView) -> MarkerArray | None:
    """Create 3D boxes with ids. None without depth, calibration, or tf to the target frame.

    The first marker deletes the markers of the previous frame, so that a lost message leaves no
    outdated boxes.
    """
    if not view.has_placed_objects:
        return None
    header = view.objects_header
    markers = [Marker(header=header, action=Marker.DELETEALL)]
    boxes = view.placed_boxes()
    up = WORLD_UP if view.target_frame else IMAGE_UP
    colors = (id_colors(list(boxes)) / np.float32(255)).tolist()
    for (id_, box), color in zip(boxes.items(), colors, strict=True):
        markers.append(box_marker(header, id_, box, color))
        markers.append(text_marker(header, id_, box, color, up))
    return MarkerArray(markers=markers)


def no_objects_message() -> MarkerArray:
    """Create the message that deletes all markers, for a segmenter that is deactivated."""
    return MarkerArray(markers=[Marker(action=Marker.DELETEALL)])


def label_info_message(view: SceneView) -> Any:
    """Create the vision_msgs/LabelInfo that names the labels of this frame."""
    from vision_msgs.msg import LabelInfo, VisionClass  # not installed everywhere

    names = {BACKGROUND: "background", UNLABELLED: "unlabelled"}
    names |= {item.id: f"object {item.id}" for item in view.scene.objects}
    classes = [VisionClass(class_id=id_, class_name=name) for id_, name in names.items()]
    return LabelInfo(header=view.header, class_map=classes, threshold=0.0)


def box_marker(header: Header, id_: int, box: Box, color: list[float]) -> Marker:
    """Create the translucent cuboid of an object; color is RGB, 0 to 1."""
    marker = copy.copy(_template("boxes", Marker.CUBE))
    marker.header, marker.id = header, id_
    marker.pose, marker.scale = box_pose(box), _vector(box.size)
    marker.color = _color(color, BOX_OPACITY)
    return marker


def text_marker(
    header: Header, id_: int, box: Box, color: list[float], up: NDArray[np.float32]
) -> Marker:
    """Create the id of an object above its box; `up` (3,) is the upward direction."""
    position = box.center + up * np.float32(box.size.max() / 2 + TEXT_HEIGHT_M)
    marker = copy.copy(_template("ids", Marker.TEXT_VIEW_FACING))
    marker.header, marker.id, marker.text = header, id_, str(id_)
    marker.pose = Pose(position=_point(position))
    marker.color = _color(color, 1.0)
    return marker


@lru_cache
def _template(namespace: str, marker_type: int) -> Marker:
    """Create a marker without an object, whose shallow copy takes a tenth of the time of a new one."""
    return Marker(
        ns=namespace,
        type=marker_type,
        scale=Vector3(z=TEXT_HEIGHT_M),
        lifetime=Duration(sec=MARKER_LIFETIME_S),
    )


def _point(xyz: NDArray[np.float32]) -> Point:
    x, y, z = xyz.tolist()
    return Point(x=x, y=y, z=z)


def _vector(xyz: NDArray[np.float32]) -> Vector3:
    x, y, z = xyz.tolist()
    return Vector3(x=x, y=y, z=z)


def _color(rgb: list[float], opacity: float) -> ColorRGBA:
    red, green, blue = rgb
    return ColorRGBA(r=red, g=green, b=blue, a=opacity)
