"""Simulation of objects that fall and settle, in PyBullet."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pybullet
import trimesh
from scipy.spatial.transform import Rotation

from scenerep_training.rendering.scene import Item
from scenerep_training.rendering.viewing.camera import Array

SETTLING_TIME_S = 2.5
"""Simulated time [s]."""
STEPS_PER_S = 240
"""Rate of the simulation [1/s]."""
FRICTION = 0.8
MASS_KG = 0.3
MAX_FALL_M = 0.08
"""Objects that end this far below the lowest surface have fallen off and are left out [m]."""
MAX_HULL_POINTS = 400


def settle(fixed: Sequence[Item], falling: Sequence[Item], floor: float) -> list[Item]:
    """Drop items from their poses until they are at rest.

    Args:
        fixed: items that do not move; each of their parts is convex.
        falling: items that move.
        floor: height below which an item has fallen off [m].

    Returns:
        The falling items at their final poses, without those that fell off.
    """
    client = pybullet.connect(pybullet.DIRECT)
    try:
        pybullet.setGravity(0, 0, -9.81, physicsClientId=client)
        for item in fixed:
            hulls = [np.asarray(part.mesh.vertices) for part in item.parts]
            _add_body(hulls, item.pose, 0.0, client)
        bodies = [_add_body(_hulls(item), item.pose, MASS_KG, client) for item in falling]
        for _ in range(round(SETTLING_TIME_S * STEPS_PER_S)):
            pybullet.stepSimulation(physicsClientId=client)
        settled = [
            replace(i, pose=_pose(body, client)) for i, body in zip(falling, bodies, strict=True)
        ]
    finally:
        pybullet.disconnect(client)
    return [item for item in settled if item.pose[2, 3] > floor - MAX_FALL_M]


def _hulls(item: Item) -> list[Array]:
    return list(item.collision_hulls) or [item.vertices]


def _add_body(hulls: list[Array], pose: Array, mass: float, client: int) -> int:
    quaternion = Rotation.from_matrix(pose[:3, :3]).as_quat().tolist()
    body = pybullet.createMultiBody(
        mass,
        _compound_shape(hulls, client),
        basePosition=pose[:3, 3].tolist(),
        baseOrientation=quaternion,
        physicsClientId=client,
    )
    friction = {"lateralFriction": FRICTION, "rollingFriction": 0.002, "spinningFriction": 0.002}
    pybullet.changeDynamics(body, -1, collisionMargin=0.0, **friction, physicsClientId=client)
    return int(body)


def _compound_shape(hulls: list[Array], client: int) -> int:
    """Create a shape of convex hulls; PyBullet reads several of them only from an OBJ file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hulls.obj"
        path.write_text(_format_obj([_convex_hull(points) for points in hulls]))
        shape = pybullet.createCollisionShape(
            pybullet.GEOM_MESH, fileName=str(path), physicsClientId=client
        )
    return int(shape)


def _format_obj(meshes: list[trimesh.Trimesh]) -> str:
    lines, first = [], 1
    for index, mesh in enumerate(meshes):
        lines.append(f"o hull{index}")
        lines += [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in mesh.vertices]
        lines += ["f " + " ".join(str(first + corner) for corner in face) for face in mesh.faces]
        first += len(mesh.vertices)
    return "\n".join(lines) + "\n"


def _convex_hull(points: Array) -> trimesh.Trimesh:
    unique = np.unique(np.round(points, 5), axis=0)
    return trimesh.Trimesh(unique[:: -(-len(unique) // MAX_HULL_POINTS)]).convex_hull


def _pose(body: int, client: int) -> Array:
    position, quaternion = pybullet.getBasePositionAndOrientation(body, physicsClientId=client)
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_quat(quaternion).as_matrix()
    pose[:3, 3] = position
    return pose
