"""Geometry of depth images: points, planes, boxes, clouds. Arrays in, arrays out."""

from scenerep_ros.geometry.boxes import Box, object_box
from scenerep_ros.geometry.camera import (
    deproject,
    invert_depth,
    project,
    seen_from_beside,
    viewing_rays,
)
from scenerep_ros.geometry.clouds import CLOUD_DTYPE, coordinates, labelled_cloud, paint, write_ply
from scenerep_ros.geometry.planes import Plane, find_planes, roughness

__all__ = [
    "CLOUD_DTYPE",
    "Box",
    "Plane",
    "coordinates",
    "deproject",
    "find_planes",
    "invert_depth",
    "labelled_cloud",
    "object_box",
    "paint",
    "project",
    "roughness",
    "seen_from_beside",
    "viewing_rays",
    "write_ply",
]
