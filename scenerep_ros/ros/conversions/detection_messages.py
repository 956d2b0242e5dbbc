"""Conversion of objects to detections for other programs: boxes with ids, and features."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any

import numpy as np
from geometry_msgs.msg import Point, Pose, Quaternion, Vector3
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from scenerep_ros.geometry import Box
from scenerep_ros.ros.conversions.scene_view import SceneView

OBJECT_CLASS = "object"
"""Class of all detections, as objects have ids and no classes."""


def detections_3d_message(view: SceneView) -> Any:
    """Create a vision_msgs/Detection3DArray of the objects' boxes. None without depth or tf."""
    if not view.has_placed_objects:
        return None
    return boxes_message(view.objects_header, view.placed_boxes())


def boxes_message(
    header: Header, boxes: Mapping[int, Box], scores: Mapping[int, float] | None = None
) -> Any:
    """Create a vision_msgs/Detection3DArray.

    Args:
        header: header of all detections.
        boxes: box of each object by its id.
        scores: confidence of each object by its id; None for 1.
    """
    from vision_msgs.msg import (  # not installed everywhere
        BoundingBox3D,
        Detection3D,
        Detection3DArray,
    )

    message = Detection3DArray(header=header)
    for id_, box in boxes.items():
        pose = box_pose(box)
        bounds = BoundingBox3D(center=pose, size=_vector(box))
        results = [_hypothesis(pose, scores[id_] if scores else 1.0)]
        message.detections.append(
            Detection3D(header=header, results=results, bbox=bounds, id=str(id_))
        )
    return message


def detections_2d_message(view: SceneView) -> Any:
    """Create a vision_msgs/Detection2DArray of the objects' bounding boxes in the image."""
    from vision_msgs.msg import (  # not installed everywhere
        BoundingBox2D,
        Detection2D,
        Detection2DArray,
    )

    message = Detection2DArray(header=view.header)
    for item in view.scene.objects:
        u, v, width, height = item.box
        bounds = BoundingBox2D(size_x=float(width), size_y=float(height))
        # Pixel centers are at integers.
        bounds.center.position.x = u + (width - 1) / 2
        bounds.center.position.y = v + (height - 1) / 2
        message.detections.append(
            Detection2D(
                header=view.header, results=[_hypothesis(Pose())], bbox=bounds, id=str(item.id)
            )
        )
    return message


def features_message(view: SceneView) -> PointCloud2:
    """Create a cloud of one point per object: box center, id, age and the mean feature.

    The fields are x y z (float32 [m], NaN without depth or tf), id and age (uint32) and feature
    (float32, count C, unit length).
    """
    objects = view.scene.objects
    channels = objects[0].feature.size if objects else 0
    table = np.zeros(
        len(objects),
        [("xyz", "<f4", 3), ("id", "<u4"), ("age", "<u4"), ("feature", "<f4", (channels,))],
    )
    boxes = view.placed_boxes() if view.has_placed_objects else {}
    for row, item in zip(table, objects, strict=True):
        row["xyz"] = boxes[item.id].center if item.id in boxes else np.nan
        row["id"], row["age"], row["feature"] = item.id, item.age, item.feature
    message = PointCloud2(header=view.objects_header, height=1, width=len(objects))
    message.fields = _feature_fields(channels)
    message.point_step, message.row_step = table.itemsize, table.nbytes
    message.is_dense = len(boxes) == len(objects)
    message.data = array("B", table.tobytes())
    return message


def box_pose(box: Box) -> Pose:
    """Convert center and orientation of a box."""
    x, y, z = box.center.tolist()
    qx, qy, qz, qw = box.quaternion
    return Pose(position=Point(x=x, y=y, z=z), orientation=Quaternion(x=qx, y=qy, z=qz, w=qw))


def _vector(box: Box) -> Vector3:
    x, y, z = box.size.tolist()
    return Vector3(x=x, y=y, z=z)


def _hypothesis(pose: Pose, score: float = 1.0) -> Any:
    from vision_msgs.msg import ObjectHypothesisWithPose  # not installed everywhere

    result = ObjectHypothesisWithPose()
    result.hypothesis.class_id, result.hypothesis.score = OBJECT_CLASS, score
    result.pose.pose = pose
    return result


def _feature_fields(channels: int) -> list[PointField]:
    sizes = [("x", 1), ("y", 1), ("z", 1), ("id", 1), ("age", 1), ("feature", channels)]
    offsets = (0, 4, 8, 12, 16, 20)
    return [
        PointField(
            name=name,
            offset=offset,
            datatype=PointField.UINT32 if name in ("id", "age") else PointField.FLOAT32,
            count=count,
        )
        for (name, count), offset in zip(sizes, offsets, strict=True)
    ]
