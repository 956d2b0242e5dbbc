"""Simulation of the objects falling onto the table, in MuJoCo."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .objects import Item

SETTLING_TIME_S = 3.0
"""Simulated time until the objects are at rest [s]."""
TABLE_HALF_EXTENTS = (0.65, 0.4, 0.015)
"""Half extents of the table top [m]; its upper side is z = 0."""


def _format_numbers(values: ArrayLike) -> str:
    return " ".join(f"{value:.6f}" for value in np.ravel(values))


def _mesh_assets_xml(index: int, item: Item) -> str:
    hulls = item.collision_hulls or [item.mesh.vertices]
    return "".join(
        f'<mesh name="m{index}_{part}" vertex="{_format_numbers(points)}"/>'
        for part, points in enumerate(hulls)
    )


def _body_xml(index: int, item: Item, jitter: NDArray[np.float64]) -> str:
    half_yaw = np.radians(item.yaw_deg + 4 * jitter[2]) / 2
    position = np.add(item.drop_position, (0.004 * jitter[0], 0.004 * jitter[1], 0))
    geoms = "".join(
        f'<geom type="mesh" mesh="m{index}_{part}" density="300"/>'
        for part in range(max(1, len(item.collision_hulls)))
    )
    quaternion = (np.cos(half_yaw), 0, 0, np.sin(half_yaw))
    pose = f'pos="{_format_numbers(position)}" quat="{_format_numbers(quaternion)}"'
    return f"<body {pose}><freejoint/>{geoms}</body>"


def _world_xml(items: list[Item], seed: int) -> str:
    jitter = np.random.default_rng(seed).uniform(-1, 1, (len(items), 3))
    assets = "".join(_mesh_assets_xml(i, item) for i, item in enumerate(items))
    bodies = "".join(_body_xml(i, item, jitter[i]) for i, item in enumerate(items))
    size = _format_numbers(TABLE_HALF_EXTENTS)
    table = f'<geom type="box" size="{size}" pos="0 0 {-TABLE_HALF_EXTENTS[2]}"/>'
    return (
        '<mujoco><option timestep="0.002" integrator="implicitfast" cone="elliptic"/>'
        '<default><geom friction="0.9 0.02 0.002" condim="6"/></default>'
        f"<asset>{assets}</asset><worldbody>{table}{bodies}</worldbody></mujoco>"
    )


def simulate_settling(items: list[Item], seed: int) -> NDArray[np.float64]:
    """Drop all objects at once and simulate until they are at rest.

    Args:
        items: objects with their drop poses.
        seed: seed of the random offsets of the drop poses.

    Returns:
        (len(items), 4, 4) poses, object frame to world.
    """
    model = mujoco.MjModel.from_xml_string(_world_xml(items, seed))
    data = mujoco.MjData(model)
    while data.time < SETTLING_TIME_S:
        mujoco.mj_step(model, data)
    mujoco.mj_kinematics(model, data)
    poses = np.tile(np.eye(4), (len(items), 1, 1))
    poses[:, :3, :3] = data.xmat[1:].reshape(-1, 3, 3)
    poses[:, :3, 3] = data.xpos[1:]
    return poses
