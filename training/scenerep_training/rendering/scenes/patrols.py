"""Two walks through one room, between which objects were added, removed and moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from scenerep_training.rendering.assets.textures import Rng
from scenerep_training.rendering.furnishing import Room, furnish
from scenerep_training.rendering.placement import footprint
from scenerep_training.rendering.recording import SCENES, Recording, RenderOptions, Shot
from scenerep_training.rendering.scene import Item, Role, Scene
from scenerep_training.rendering.tracer import Tracer
from scenerep_training.rendering.viewing.camera import Array, Camera
from scenerep_training.rendering.viewing.viewpoints import small_camera, walk

FRAME_RATE_HZ = 3.0
MIN_VISIBLE_RATIO = 0.006
"""Share of the image from which an object counts as visible."""
MAX_DEPTH_M = 3.5
"""Median depth of an object's pixels up to which it counts as visible [m]."""
MIN_VISIBLE_FRAMES = 3
"""Number of frames of each walk that show an object that changes, not cut by the image border."""
MAX_SIDE_M = 1.3
"""Longest side of an object that changes [m]."""
MIN_SIDE_M = 0.08
"""Shortest side of an object that changes [m]: a depth camera does not resolve a missing book."""
MIN_MOVE_M = 0.6
CENTER_MARGIN = 1.25
"""Factor of the image's size, and of the depth, within which the center of a visible item lies."""
ATTEMPTS = 200
"""Number of random rooms, and of positions of a moved object, that are tried."""


@SCENES.register("patrols")
def patrols(seed: int, options: RenderOptions) -> Iterator[Recording]:
    """Yield the recordings `before` and `after`, of `options.frames` frames each.

    One object is added, one removed and one moved. An object has the same label in both, so the
    changes are the differences between the two files objects.json.
    """
    sensor = "structured_light" if options.depth_noise else "exact"
    camera = Camera()
    scenes, walks = _changed_room(np.random.default_rng(seed), camera, options.frames)
    for name, scene, poses in zip(("before", "after"), scenes, walks, strict=True):
        shots = [
            Shot(f"{index:04d}", scene, pose, index / FRAME_RATE_HZ)
            for index, pose in enumerate(poses)
        ]
        if not options.only or name in options.only:
            yield Recording(name, camera, sensor, shots)


def _changed_room(
    rng: Rng, camera: Camera, count: int
) -> tuple[tuple[Scene, Scene], tuple[list[Array], list[Array]]]:
    """Return the scenes and the walks before and after the changes."""
    for _ in range(ATTEMPTS):
        room = furnish(rng)
        first, second = (walk(room, camera, count, rng, FRAME_RATE_HZ) for _ in range(2))
        tracer = Tracer(room.scene)
        visible = [_visible_counts(room.scene, tracer, camera, poses) for poses in (first, second)]
        movable = [
            item_id
            for item_id in _movable_items(room.scene)
            if min(counts[item_id] for counts in visible) >= MIN_VISIBLE_FRAMES
        ]
        on_floor = [i for i in movable if abs(room.scene.items[i].pose[2, 3]) < 0.01]
        if len(movable) < 3 or not on_floor:
            continue
        moved = on_floor[rng.integers(len(on_floor))]
        added, removed = rng.permutation([i for i in movable if i != moved])[:2].tolist()
        after = _without(room.scene, removed)
        place = _find_place(room, after, moved, (camera, second), rng)
        if place is not None:
            after = replace(after, items={**after.items, moved: place})
            return (_without(room.scene, added), after), (first, second)
    raise RuntimeError("no room has three visible objects that can change")


def _visible_counts(
    scene: Scene, tracer: Tracer, camera: Camera, poses: Sequence[Array]
) -> Counter[int]:
    """Return the number of poses that show each item, near and not cut by the image border."""
    small = small_camera(camera)
    counts: Counter[int] = Counter()
    for pose in poses:
        geometry = tracer.geometry(small, pose)
        ids, size = geometry.ids, max(scene.items) + 1
        share = np.bincount(ids.ravel(), minlength=size) / ids.size
        is_near = np.bincount(ids[geometry.depth < MAX_DEPTH_M], minlength=size) > (
            share * ids.size / 2
        )
        is_cut = np.zeros(size, np.bool_)
        for border in (ids[0], ids[-1], ids[:, 0], ids[:, -1]):
            is_cut[border] = True
        counts.update(np.flatnonzero((share > MIN_VISIBLE_RATIO) & is_near & ~is_cut).tolist())
    return counts


def _movable_items(scene: Scene) -> list[int]:
    """Return the ids of objects of medium size that carry nothing."""
    objects = {i: item for i, item in scene.items.items() if item.role == Role.OBJECT}
    return [
        item_id
        for item_id, item in objects.items()
        if np.ptp(item.bounds, axis=0).min() > MIN_SIDE_M
        and np.ptp(item.bounds, axis=0).max() < MAX_SIDE_M
        and not any(_stands_on(other, item) for i, other in objects.items() if i != item_id)
    ]


def _stands_on(item: Item, support: Item) -> bool:
    low, high = footprint(support)
    position = item.pose[:3, 3]
    is_above = (position[:2] > low).all() and (position[:2] < high).all()
    return bool(is_above and position[2] > support.pose[2, 3] + 0.02)


def _without(scene: Scene, item_id: int) -> Scene:
    return replace(scene, items={i: item for i, item in scene.items.items() if i != item_id})


def _find_place(
    room: Room, scene: Scene, item_id: int, view: tuple[Camera, list[Array]], rng: Rng
) -> Item | None:
    """Return the item at another free place on the floor that the walk shows."""
    item = scene.items[item_id]
    half = np.array([room.size.width, room.size.depth]) / 2
    for _ in range(ATTEMPTS):
        placed = item.at((*rng.uniform(-half, half), 0), rng.uniform(0, 2 * np.pi))
        distance = np.linalg.norm(placed.pose[:2, 3] - item.pose[:2, 3])
        if distance < MIN_MOVE_M or not room.plan.is_free(footprint(placed), 0.05):
            continue
        if _count_views_of_center(placed, *view) < MIN_VISIBLE_FRAMES:
            continue
        moved = replace(scene, items={**scene.items, item_id: placed})
        if _visible_counts(moved, Tracer(moved), *view)[item_id] >= MIN_VISIBLE_FRAMES:
            return placed
    return None


def _count_views_of_center(item: Item, camera: Camera, poses: Sequence[Array]) -> int:
    """Return the number of poses whose image, with a margin, contains the center of an item.

    It saves the tracing of places that no pose shows.
    """
    center = item.pose @ [*item.bounds.mean(axis=0), 1]
    local = np.array([np.linalg.inv(pose) @ center for pose in poses])
    depth = np.maximum(local[:, 2], 1e-3)
    angles = np.abs(local[:, :2]) / depth[:, None]
    size = np.array([camera.width, camera.height])
    limits = CENTER_MARGIN * size / 2 / (camera.intrinsics.fx, camera.intrinsics.fy)
    is_near = (local[:, 2] > 0) & (depth < CENTER_MARGIN * MAX_DEPTH_M)
    return int((is_near & (angles < limits).all(axis=1)).sum())
