"""Description of the objects of the map, with boxes, from their records and points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import MapObject
from scenerep_ros.geometry import Box, upright_box
from scenerep_ros.mapping.objects.feature_space import normalized
from scenerep_ros.mapping.objects.object_memory import CONSTANTS as MEMORY_CONSTANTS
from scenerep_ros.mapping.objects.object_record import CONSTANTS as RECORD_CONSTANTS
from scenerep_ros.mapping.objects.object_record import ObjectRecord

Floats = NDArray[np.float32]

_NO_POINTS = np.empty((0, 3), np.float32)


@dataclass(frozen=True)
class ObjectBoxConstants:
    """Tuned constants of the boxes of objects."""

    component_gap_voxels: int = tuned(
        3,
        "side of the cells by whose adjacency the parts of an object are connected, in voxels",
        set_on="argument: bridges a cup in front of an object, not the way to stray labels",
    )
    min_part_ratio: float = tuned(
        0.5,
        "ratio of an object's points that its largest part must have",
        set_on="argument: the majority; otherwise there are stray labels instead of an object",
    )
    min_moved_distance_m: float = tuned(
        0.1,
        "distance between the places of an object from which it counts as moved",
        unit="m",
        set_on="argument: drift of poses and change of the visible side",
    )


CONSTANTS = ObjectBoxConstants()


def describe_objects(
    records: Iterable[ObjectRecord], points: Mapping[int, Floats], up: Floats, voxel_size: float
) -> tuple[MapObject, ...]:
    """Return the objects that are part of the map, in order of their ids.

    An object is one connected part, perhaps with smaller ones that something hides the connection of.

    Args:
        records: records of the memory.
        points: points (n, 3) of each key [m].
        up: (3,) upward direction.
        voxel_size: side of a voxel [m].
    """
    boxes = [
        (record, _box(points.get(record.key, _NO_POINTS), up, voxel_size))
        for record in records
        if record.is_reported
    ]
    objects = [_map_object(record, box) for record, box in boxes if box is not None]
    return tuple(sorted(objects, key=lambda item: item.id))


def _box(points: Floats, up: Floats, voxel_size: float) -> Box | None:
    """Return the box of the largest part of points (n, 3) [m]; None if they are no object."""
    if len(points) < MEMORY_CONSTANTS.min_voxels:
        return None
    part = largest_part(points, voxel_size)
    is_object = len(part) >= CONSTANTS.min_part_ratio * len(points)
    return upright_box(part, up) if is_object else None


def restored_record(item: MapObject) -> ObjectRecord:
    """Return the record of an object of a saved map."""
    views = RECORD_CONSTANTS.max_feature_views
    return ObjectRecord(
        key=item.id,
        feature=item.feature,
        first_seen_ns=item.first_seen_ns,
        last_seen_ns=item.last_seen_ns,
        first_frame=0,
        last_frame=0,
        id=item.id,
        view_count=views,
        visible_count=round(views / item.confidence),
        moved_from=item.moved_from,
    )


def largest_part(points: Floats, voxel_size: float) -> Floats:
    """Return the largest connected part (m, 3) of the points (n, 3) [m] of an object."""
    cells = np.floor(points / voxel_size).astype(np.int64)
    cells -= cells.min(axis=0)
    coarse = cells // CONSTANTS.component_gap_voxels
    occupied = np.zeros(coarse.max(axis=0) + 1, np.bool_)
    occupied[tuple(coarse.T)] = True
    components, _ = ndimage.label(occupied, np.ones((3, 3, 3)))
    component = components[tuple(coarse.T)]
    return points[component == np.bincount(component).argmax()]


def _map_object(record: ObjectRecord, box: Box) -> MapObject:
    is_moved = record.moved_from is not None and (
        np.linalg.norm(record.moved_from - box.center) >= CONSTANTS.min_moved_distance_m
    )
    return MapObject(
        id=record.id,
        box=box,
        point_count=record.voxel_count,
        feature=normalized(record.feature),
        first_seen_ns=record.first_seen_ns,
        last_seen_ns=record.last_seen_ns,
        confidence=record.confidence,
        moved_from=record.moved_from if is_moved else None,
    )
