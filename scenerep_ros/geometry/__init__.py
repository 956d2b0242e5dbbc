"""Geometry of depth images: points, planes, boxes, clouds. Arrays in, arrays out."""

from scenerep_ros.geometry.boxes import Box, object_box, object_boxes, upright_box
from scenerep_ros.geometry.camera import (
    deproject,
    invert_depth,
    project,
    reproject_depth,
    viewing_rays,
)
from scenerep_ros.geometry.clouds import (
    CLOUD_DTYPE,
    cloud_coordinates,
    colorize_cloud,
    fill_cloud,
    labelled_cloud,
    read_ply,
    write_ply,
)
from scenerep_ros.geometry.gravity import find_support_plane
from scenerep_ros.geometry.object_points import object_points
from scenerep_ros.geometry.planes import Plane, PlaneSearch, find_planes, plane_fit_residual

__all__ = [
    "CLOUD_DTYPE",
    "Box",
    "Plane",
    "PlaneSearch",
    "cloud_coordinates",
    "colorize_cloud",
    "deproject",
    "fill_cloud",
    "find_planes",
    "find_support_plane",
    "invert_depth",
    "labelled_cloud",
    "object_box",
    "object_boxes",
    "object_points",
    "plane_fit_residual",
    "project",
    "read_ply",
    "reproject_depth",
    "upright_box",
    "viewing_rays",
    "write_ply",
]
