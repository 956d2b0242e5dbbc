"""Files of a map, one folder each.

cloud.ply             points with color and label (the object's id, 0 = no object)
objects.json          objects, upward direction and size of the voxels
features.safetensors  ids (n,) and features (n, C) of the objects
views.safetensors     reduced depth images with poses and intrinsics
trajectory.txt        camera poses in the TUM format: stamp tx ty tz qx qy qz qw
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save
from scipy.spatial.transform import Rotation

from scenerep_ros.errors import SourceError
from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_ros.frames import Intrinsics, MapObject
from scenerep_ros.geometry import Box, labelled_cloud, read_ply, write_ply
from scenerep_ros.mapping.map_snapshot import MapSnapshot
from scenerep_ros.mapping.views.map_views import MapView, MapViews
from scenerep_ros.mapping.voxels.voxel_grid import VoxelPoints
from scenerep_ros.sources.folders.pose_file import read_poses

CLOUD, OBJECTS, FEATURES = "cloud.ply", "objects.json", "features.safetensors"
VIEWS, TRAJECTORY = "views.safetensors", "trajectory.txt"
FORMAT = "scenerep map 1"
_NS_PER_S = 1e9  # constant: unit


def is_map(folder: Path) -> bool:
    """Return whether a folder holds a map."""
    return all((folder / name).is_file() for name in (CLOUD, OBJECTS, FEATURES))


def write_map(snapshot: MapSnapshot, folder: Path) -> None:
    """Write the files of a map into an existing folder.

    Raises:
        ScenerepError: if a file cannot be written.
    """
    points = snapshot.points
    cloud = labelled_cloud(points.positions[None], points.colors[None], points.labels[None])
    write_ply(folder / CLOUD, cloud)
    ids = np.array([item.id for item in snapshot.objects], np.int64)
    features = np.array([item.feature for item in snapshot.objects], np.float32)
    write_atomically(folder / FEATURES, save({"ids": ids, "features": features}))
    write_atomically(folder / VIEWS, save(_view_tensors(snapshot.views)))
    write_atomically(folder / TRAJECTORY, _trajectory_text(snapshot).encode())
    description = {
        "format": FORMAT,
        "voxel_size": snapshot.voxel_size,
        "up": snapshot.up.tolist(),
        "objects": [describe_object(item) for item in snapshot.objects],
    }
    write_atomically(folder / OBJECTS, (json.dumps(description, indent=1) + "\n").encode())


def read_map(folder: Path) -> MapSnapshot:
    """Read a map.

    Raises:
        SourceError: if the folder is no map, or a file is damaged.
    """
    if not is_map(folder):
        raise SourceError(
            f"map {folder}: not found; expected a folder with {CLOUD}, {OBJECTS} and {FEATURES}, "
            "as `scenerep map SOURCE --out DIR` writes it"
        )
    try:
        description = json.loads((folder / OBJECTS).read_text())
        tensors = load_file(folder / FEATURES)
        feature_of = dict(zip(tensors["ids"].tolist(), tensors["features"], strict=True))
        objects = [_object(item, feature_of[item["id"]]) for item in description["objects"]]
        views = _views(load_file(folder / VIEWS))
        positions, colors, labels = read_ply(folder / CLOUD)
        trajectory = read_poses(folder / TRAJECTORY)
        return MapSnapshot(
            objects=tuple(objects),
            points=VoxelPoints(positions, colors, labels),
            views=views,
            up=np.array(description["up"], np.float32),
            voxel_size=float(description["voxel_size"]),
            stamps_ns=np.array([item.stamp_ns for item in trajectory], np.int64),
            poses=np.array([item.pose for item in trajectory], np.float64).reshape(-1, 4, 4),
        )
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise SourceError(f"map {folder}: damaged ({error}); make it again") from error


def describe_object(item: MapObject) -> dict[str, Any]:
    """Return the entry of an object in objects.json; lengths in m, times in s."""
    moved_from = None if item.moved_from is None else _rounded(item.moved_from)
    return {
        "id": item.id,
        "center": _rounded(item.box.center),
        "size": _rounded(item.box.size),
        "rotation": _rounded(item.box.rotation, 6),
        "point_count": item.point_count,
        "confidence": round(item.confidence, 4),
        "first_seen": item.first_seen_ns / _NS_PER_S,
        "last_seen": item.last_seen_ns / _NS_PER_S,
        "moved_from": moved_from,
    }


def _object(entry: dict[str, Any], feature: NDArray[np.float32]) -> MapObject:
    center, size, rotation = (
        np.array(entry[name], np.float32) for name in ("center", "size", "rotation")
    )
    moved_from = entry["moved_from"]
    return MapObject(
        id=int(entry["id"]),
        box=Box(center, size, rotation),
        point_count=int(entry["point_count"]),
        feature=feature,
        first_seen_ns=round(entry["first_seen"] * _NS_PER_S),
        last_seen_ns=round(entry["last_seen"] * _NS_PER_S),
        confidence=float(entry["confidence"]),
        moved_from=None if moved_from is None else np.array(moved_from, np.float32),
    )


def _view_tensors(views: MapViews) -> dict[str, NDArray[Any]]:
    """Return one depth image per view, and the other data of all views."""
    items = views.views
    cameras = [(v.intrinsics.fx, v.intrinsics.fy, v.intrinsics.cx, v.intrinsics.cy) for v in items]
    return {
        "poses": np.array([view.pose for view in items], np.float64).reshape(-1, 4, 4),
        "stamps_ns": np.array([view.stamp_ns for view in items], np.int64),
        "intrinsics": np.array(cameras, np.float64).reshape(-1, 4),
        **{f"depth.{i}": np.ascontiguousarray(view.depth) for i, view in enumerate(items)},
    }


def _views(tensors: dict[str, NDArray[Any]]) -> MapViews:
    rows = zip(tensors["poses"], tensors["stamps_ns"].tolist(), tensors["intrinsics"], strict=True)
    return MapViews(
        [
            MapView(tensors[f"depth.{i}"], Intrinsics(*camera.tolist()), pose, stamp_ns)
            for i, (pose, stamp_ns, camera) in enumerate(rows)
        ]
    )


def _trajectory_text(snapshot: MapSnapshot) -> str:
    lines = ["# stamp tx ty tz qx qy qz qw; camera to world"]
    for stamp_ns, pose in zip(snapshot.stamps_ns.tolist(), snapshot.poses, strict=True):
        values = [*pose[:3, 3], *Rotation.from_matrix(pose[:3, :3]).as_quat()]
        seconds, rest_ns = divmod(stamp_ns, round(_NS_PER_S))
        lines.append(f"{seconds}.{rest_ns:09d} " + " ".join(f"{value:.6f}" for value in values))
    return "\n".join(lines) + "\n"


def _rounded(values: NDArray[np.float32], decimals: int = 4) -> Any:
    return np.round(values.astype(float), decimals).tolist()
