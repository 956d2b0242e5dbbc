"""Files of a map, one folder each.

cloud.ply             points with color and label (the object's id, 0 = no object)
objects.json          objects, upward direction and size of the voxels
features.safetensors  ids (n,) and features (n, C) of the objects
views.safetensors     reduced depth images with poses and intrinsics
trajectory.txt        camera poses in the TUM format: stamp tx ty tz qx qy qz qw

`scenerep map` adds recording.json, the name of the recording, and top_view.png and turntable.mp4.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save
from scipy.spatial.transform import Rotation

from scenerep_ros.errors import SourceError
from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_ros.frames import MAX_ID, Intrinsics, MapObject
from scenerep_ros.geometry import Box, labelled_cloud, read_ply, write_ply
from scenerep_ros.mapping.map_recording import RECORDING
from scenerep_ros.mapping.map_snapshot import MapSnapshot
from scenerep_ros.mapping.views.map_views import MapView, MapViews
from scenerep_ros.mapping.voxels.voxel_points import VoxelPoints
from scenerep_ros.sources.folders.pose_file import read_poses

CLOUD, OBJECTS, FEATURES = "cloud.ply", "objects.json", "features.safetensors"
VIEWS, TRAJECTORY = "views.safetensors", "trajectory.txt"
TOP_VIEW, TURNTABLE = "top_view.png", "turntable.mp4"
FORMAT = "scenerep map 1"
_FILES = {CLOUD, OBJECTS, FEATURES, VIEWS, TRAJECTORY, TOP_VIEW, TURNTABLE, RECORDING}
_NS_PER_S = 1e9  # constant: unit
ANY = -1  # constant: each length of an axis

Array = TypeVar("Array", bound=NDArray[Any])


def is_map(folder: Path) -> bool:
    """Return whether a folder holds a map."""
    return all((folder / name).is_file() for name in (CLOUD, OBJECTS, FEATURES))


def is_only_map(folder: Path) -> bool:
    """Return whether a folder holds a map and nothing else, so that a new map may replace it."""
    return is_map(folder) and {path.name for path in folder.iterdir()} <= _FILES


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
        SourceError: if the folder is no map, or a file cannot be read or is damaged.
    """
    if not is_map(folder):
        raise SourceError(
            f"map {folder}: not found; expected a folder with {CLOUD}, {OBJECTS} and {FEATURES}, "
            "as `scenerep map SOURCE --out DIR` writes it"
        )
    try:
        return _read_files(folder)
    except OSError as error:
        raise SourceError(f"map {folder}: cannot be read ({error}); check its files") from error
    except (ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        problem = f"{error} is missing" if isinstance(error, KeyError) else error
        raise SourceError(f"map {folder}: damaged ({problem}); make it again") from error


def _read_files(folder: Path) -> MapSnapshot:
    description = json.loads((folder / OBJECTS).read_text())
    if description["format"] != FORMAT:
        raise ValueError(f"{OBJECTS} has the format {description['format']!r}, expected {FORMAT!r}")
    tensors = load_file(folder / FEATURES)
    ids, features = tensors["ids"].tolist(), tensors["features"]
    feature_of = dict(
        zip(ids, _checked(FEATURES, features, (ANY, ANY)) if ids else [], strict=True)
    )
    objects = [_object(item, feature_of[item["id"]]) for item in description["objects"]]
    voxel_size = float(description["voxel_size"])
    if not 0 < voxel_size < np.inf:
        raise ValueError(f"{OBJECTS}: voxel_size {voxel_size}")
    views = _views(load_file(folder / VIEWS))
    trajectory = read_poses(folder / TRAJECTORY)
    return MapSnapshot(
        objects=tuple(objects),
        points=_points(folder / CLOUD),
        views=views,
        up=_checked(OBJECTS, np.array(description["up"], np.float32), (3,)),
        voxel_size=voxel_size,
        stamps_ns=np.array([item.stamp_ns for item in trajectory], np.int64),
        poses=np.array([item.pose for item in trajectory], np.float64).reshape(-1, 4, 4),
    )


def _points(path: Path) -> VoxelPoints:
    positions, colors, labels = read_ply(path)
    _checked(path.name, positions, (len(positions), 3))
    if len(labels) and not 0 <= labels.min() <= labels.max() <= MAX_ID:
        raise ValueError(f"{path.name} has labels outside of 0 to {MAX_ID}")
    return VoxelPoints(positions, colors, labels)


def _checked(name: str, values: Array, shape: tuple[int, ...]) -> Array:
    """Return an array; ANY stands for each length.

    Raises:
        ValueError: if it has another shape, or a value is not finite.
    """
    is_shape = len(values.shape) == len(shape) and all(
        wanted in (ANY, length) for wanted, length in zip(shape, values.shape, strict=True)
    )
    if not is_shape:
        raise ValueError(f"{name} has an array of shape {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} has numbers that are not finite")
    return values


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
        _checked(OBJECTS, np.array(entry[name], np.float32), shape)
        for name, shape in (("center", (3,)), ("size", (3,)), ("rotation", (3, 3)))
    )
    confidence = float(entry["confidence"])
    if not 0 < confidence <= 1:
        raise ValueError(f"{OBJECTS}: confidence {confidence}")
    moved_from = entry["moved_from"]
    return MapObject(
        id=int(entry["id"]),
        box=Box(center, size, rotation),
        point_count=int(entry["point_count"]),
        feature=feature,
        first_seen_ns=round(entry["first_seen"] * _NS_PER_S),
        last_seen_ns=round(entry["last_seen"] * _NS_PER_S),
        confidence=confidence,
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
    stamps_ns = tensors["stamps_ns"].tolist()
    poses = _checked(VIEWS, tensors["poses"], (len(stamps_ns), 4, 4))
    cameras = _checked(VIEWS, tensors["intrinsics"], (len(stamps_ns), 4))
    views = []
    for i, (pose, stamp_ns, camera) in enumerate(zip(poses, stamps_ns, cameras, strict=True)):
        depth = tensors[f"depth.{i}"]
        _checked(VIEWS, np.nan_to_num(depth), (ANY, ANY))
        views.append(MapView(depth, Intrinsics(*camera.tolist()), pose, stamp_ns))
    return MapViews(views)


def _trajectory_text(snapshot: MapSnapshot) -> str:
    lines = ["# stamp tx ty tz qx qy qz qw; camera to world"]
    for stamp_ns, pose in zip(snapshot.stamps_ns.tolist(), snapshot.poses, strict=True):
        values = [*pose[:3, 3], *Rotation.from_matrix(pose[:3, :3]).as_quat()]
        seconds, rest_ns = divmod(stamp_ns, round(_NS_PER_S))
        lines.append(f"{seconds}.{rest_ns:09d} " + " ".join(f"{value:.6f}" for value in values))
    return "\n".join(lines) + "\n"


def _rounded(values: NDArray[np.float32], decimals: int = 4) -> Any:
    return np.round(values.astype(float), decimals).tolist()
