"""Frames of a recording with the labels of a map of it: views of one object are positive pairs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.frames import BACKGROUND, UNLABELLED, RGBDFrame
from scenerep_ros.mapping.map_files import read_map
from scenerep_ros.mapping.map_recording import read_map_recording
from scenerep_ros.mapping.map_snapshot import MapSnapshot
from scenerep_ros.mapping.views.carving import look_up
from scenerep_ros.mapping.views.frame_labels import labels_in_frame
from scenerep_ros.mapping.voxels.voxel_grid import VoxelGrid
from scenerep_ros.sources.base import ObjectView, Source
from scenerep_ros.sources.registry import open_source
from scenerep_training.data.unpacking import with_random_access

Labels = NDArray[np.uint16]
Bounds = tuple[int, int, int, int]

SAMPLED_POINTS = 64
"""Number of points of an object that are projected into the frames."""
MIN_VISIBLE_RATIO = 0.5
"""Ratio of these points that must lie in a frame."""
MIN_AREA_RATIO = 0.002
"""Share of the image from which an object is cropped: a patch in 500."""
MARGIN = (1.2, 2.0)
"""Smallest and largest side of a crop, in sides of the object."""
MAX_STAMP_DIFFERENCE_NS = 1_000_000


class MappedRecording(Source):
    """Mapped frames of a recording, with the poses and the consensus labels of the map.

    Args:
        folder: folder of the map, which names its recording.

    Raises:
        SourceError: if the map or its recording cannot be read, or they do not belong together.
    """

    format_name = "map"

    def __init__(self, folder: Path) -> None:
        snapshot = read_map(folder)
        path, options = read_map_recording(folder)
        self._recording = with_random_access(open_source(path, options), path)
        super().__init__(folder.name, self._recording.rate)
        self._grid = VoxelGrid(snapshot.voxel_size, len(snapshot.points.labels) + 1)
        self._grid.restore(snapshot.points)
        self._ids = np.arange(int(snapshot.points.labels.max(initial=0)) + 1).astype(np.uint16)
        self._indices, self._poses = self._find_frames(snapshot)
        if not len(self._indices):
            raise SourceError(f"map {folder}: has no frame of {path}; make the map again")
        self._visible = self._find_visible(snapshot)

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int) -> RGBDFrame:
        return replace(self._recording[int(self._indices[index])], pose=self._poses[index])

    def frame_name(self, index: int) -> str:
        """Return the name of a frame."""
        return self._recording.frame_name(int(self._indices[index]))

    def color_frame(self, index: int) -> RGBDFrame:
        """Read one frame without its depth."""
        return self._recording.color_frame(int(self._indices[index]))

    def ground_truth(self, index: int) -> Labels:
        """Return the labels (H, W) of the map in one frame: the consensus of all views."""
        return labels_in_frame(self._grid, self._ids, self[index])

    def part(self, start: int, stop: int, step: int = 1) -> MappedRecording:
        """Return the recording of some of the frames; they keep the objects that make them pairs."""
        chosen = slice(start, stop, step)
        result = object.__new__(MappedRecording)
        result.__dict__.update(self.__dict__)
        result.skipped = []
        result.rate = self.rate / step
        result._indices, result._poses = self._indices[chosen], self._poses[chosen]
        result._visible = self._visible[chosen]
        return result

    def partners(self, index: int) -> list[int]:
        """Return the other frames that show an object of a frame, at any time; else the frame."""
        is_common = (self._visible & self._visible[index]).any(axis=1)
        is_common[index] = False
        return np.flatnonzero(is_common).tolist() or [index]

    def object_views(self, first: int, second: int) -> tuple[ObjectView, ObjectView]:
        """Read two frames around an object that both show, drawn by torch's generator.

        Without a common object the frames are complete and have no masks.

        Raises:
            FrameError: if a frame is missing or damaged.
        """
        frames = self[first], self[second]
        labels = [labels_in_frame(self._grid, self._ids, frame) for frame in frames]
        common = sorted(_large_labels(labels[0]) & _large_labels(labels[1]))
        if not common:
            return (frames[0], None), (frames[1], None)
        label = common[int(torch.randint(len(common), ()))]
        masks = [image == label for image in labels]
        bounds = [_draw_bounds(mask) for mask in masks]
        side = frames[0].shape[0]
        crops = [_crop(*item, side) for item in zip(frames, bounds, strict=True)]
        first_mask, second_mask = (
            _resize(mask.astype(np.uint8), box, side, cv2.INTER_NEAREST) > 0
            for mask, box in zip(masks, bounds, strict=True)
        )
        return (crops[0], first_mask), (crops[1], second_mask)

    def _find_frames(self, snapshot: MapSnapshot) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the readable frames (n,) of the map's trajectory, and their poses (n, 4, 4)."""
        indices, stamps = _readable_stamps(self._recording)
        if not len(indices) or not len(snapshot.stamps_ns):
            return np.empty(0, np.intp), np.empty((0, 4, 4))
        nearest = _find_nearest(stamps, snapshot.stamps_ns)
        is_mapped = np.abs(snapshot.stamps_ns[nearest] - stamps) <= MAX_STAMP_DIFFERENCE_NS
        return indices[is_mapped], snapshot.poses[nearest[is_mapped]]

    def _find_visible(self, snapshot: MapSnapshot) -> NDArray[np.bool_]:
        """Return which objects (n, M) lie in the image of each frame; what hides them is ignored."""
        frame = self[0]
        assert frame.intrinsics is not None
        parts = [
            points[:: max(1, len(points) // SAMPLED_POINTS)]
            for points in snapshot.object_points().values()
        ]
        visible = np.zeros((len(self), len(parts)), np.bool_)
        image = np.zeros(frame.shape, np.float32)
        for row, pose in zip(visible, self._poses, strict=True):
            for column, points in enumerate(parts):
                local = ((points - pose[:3, 3]) @ pose[:3, :3]).astype(np.float32)
                _, inside = look_up(image, local, frame.intrinsics)
                row[column] = inside.mean() > MIN_VISIBLE_RATIO
        return visible


def _readable_stamps(source: Source) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Return the indices (n,) and the stamps (n,) [ns] of readable frames; the others are logged."""
    stamps: dict[int, int] = {}
    for index in range(len(source)):
        try:
            stamps[index] = source.color_frame(index).stamp_ns
        except FrameError as error:
            source.skip(source.frame_name(index), str(error))
    return np.array(list(stamps), np.intp), np.array(list(stamps.values()), np.int64)


def _find_nearest(stamps: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the index (n,) of the nearest of other stamps, at least one, for each stamp (n,)."""
    order = np.argsort(others)
    after = np.searchsorted(others, stamps, sorter=order).clip(max=len(others) - 1)
    neighbors = order[np.stack([(after - 1).clip(min=0), after])]
    choice = np.abs(others[neighbors] - stamps).argmin(axis=0)
    return neighbors[choice, np.arange(len(stamps))]


def _large_labels(labels: Labels) -> set[int]:
    values, areas = np.unique(labels, return_counts=True)
    is_large = areas >= MIN_AREA_RATIO * labels.size
    return set(values[is_large].tolist()) - {BACKGROUND, UNLABELLED}


def _draw_bounds(mask: NDArray[np.bool_]) -> Bounds:
    """Draw a square around a mask, as left, top, width and height, cut at the image border [px]."""
    left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
    margin = MARGIN[0] + (MARGIN[1] - MARGIN[0]) * float(torch.rand(()))
    half = max(width, height) * margin / 2
    center_u, center_v = left + width / 2, top + height / 2
    rows, columns = mask.shape
    start_u, start_v = max(0, round(center_u - half)), max(0, round(center_v - half))
    end_u, end_v = min(columns, round(center_u + half)), min(rows, round(center_v + half))
    return start_u, start_v, end_u - start_u, end_v - start_v


def _resize(image: NDArray, bounds: Bounds, side: int, interpolation: int) -> NDArray:
    left, top, width, height = bounds
    crop = image[top : top + height, left : left + width]
    return np.asarray(cv2.resize(crop, (side, side), interpolation=interpolation))


def _crop(frame: RGBDFrame, bounds: Bounds, side: int) -> RGBDFrame:
    """Return a part of a frame, resized to a square."""
    left, top, width, height = bounds
    camera, depth = frame.intrinsics, frame.depth
    if camera is not None:
        shifted = replace(camera, cx=camera.cx - left, cy=camera.cy - top)
        camera = shifted.resized(side / width, side / height)
    return replace(
        frame,
        color=_resize(frame.color, bounds, side, cv2.INTER_AREA).astype(np.uint8),
        depth=None if depth is None else _resize(depth, bounds, side, cv2.INTER_NEAREST),
        intrinsics=camera,
    )
