"""Conversion of a map to messages in its fixed frame."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header
from visualization_msgs.msg import Marker, MarkerArray

from scenerep_ros.frames import MapObject
from scenerep_ros.geometry import CLOUD_DTYPE, labelled_cloud
from scenerep_ros.mapping.map_snapshot import MapSnapshot
from scenerep_ros.render import id_colors
from scenerep_ros.ros.conversions.cloud_message import point_fields
from scenerep_ros.ros.conversions.detection_messages import boxes_message
from scenerep_ros.ros.conversions.scene_messages import box_marker, text_marker


def map_points_message(snapshot: MapSnapshot, header: Header) -> PointCloud2:
    """Create the cloud x y z rgb label; label is the object's id, 0 = no object."""
    points = snapshot.points
    cloud = labelled_cloud(points.positions[None], points.colors[None], points.labels[None])
    message = PointCloud2(header=header, height=1, width=cloud.size, fields=point_fields())
    message.point_step, message.row_step = CLOUD_DTYPE.itemsize, cloud.nbytes
    message.is_dense = True
    message.data = array("B", cloud.tobytes())
    return message


def map_objects_message(objects: tuple[MapObject, ...], header: Header) -> MarkerArray:
    """Create boxes with ids; the first marker deletes those of the message before."""
    markers = [Marker(header=header, action=Marker.DELETEALL)]
    colors = (id_colors([item.id for item in objects]) / np.float32(255)).tolist()
    for item, color in zip(objects, colors, strict=True):
        markers.append(box_marker(header, item.id, item.box, color))
        markers.append(text_marker(header, item.id, item.box, color, item.box.rotation[:, 2]))
    return MarkerArray(markers=markers)


def map_detections_message(objects: tuple[MapObject, ...], header: Header) -> Any:
    """Create a vision_msgs/Detection3DArray of the boxes, with the confidence as score."""
    boxes = {item.id: item.box for item in objects}
    return boxes_message(header, boxes, {item.id: item.confidence for item in objects})
