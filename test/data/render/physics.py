"""Lets the objects fall and settle on the table, in MuJoCo."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .objects import Item

SECONDS = 3.0
TABLE = (0.65, 0.4, 0.015)
"""Half extents of the table top, metres; its upper side is z = 0."""


def _numbers(values: ArrayLike) -> str:
    return " ".join(f"{value:.6f}" for value in np.ravel(values))


def _meshes(index: int, item: Item) -> str:
    pieces = item.pieces or [item.mesh.vertices]
    return "".join(
        f'<mesh name="m{index}_{part}" vertex="{_numbers(points)}"/>'
        for part, points in enumerate(pieces)
    )


def _body(index: int, item: Item, jitter: NDArray[np.float64]) -> str:
    half = np.radians(item.yaw + 4 * jitter[2]) / 2
    place = np.add(item.place, (0.004 * jitter[0], 0.004 * jitter[1], 0))
    geoms = "".join(
        f'<geom type="mesh" mesh="m{index}_{part}" density="300"/>'
        for part in range(max(1, len(item.pieces)))
    )
    pose = f'pos="{_numbers(place)}" quat="{_numbers((np.cos(half), 0, 0, np.sin(half)))}"'
    return f"<body {pose}><freejoint/>{geoms}</body>"


def _world(items: list[Item], seed: int) -> str:
    jitter = np.random.default_rng(seed).uniform(-1, 1, (len(items), 3))
    meshes = "".join(_meshes(i, item) for i, item in enumerate(items))
    bodies = "".join(_body(i, item, jitter[i]) for i, item in enumerate(items))
    table = f'<geom type="box" size="{_numbers(TABLE)}" pos="0 0 {-TABLE[2]}"/>'
    return (
        '<mujoco><option timestep="0.002" integrator="implicitfast" cone="elliptic"/>'
        '<default><geom friction="0.9 0.02 0.002" condim="6"/></default>'
        f"<asset>{meshes}</asset><worldbody>{table}{bodies}</worldbody></mujoco>"
    )


def settle(items: list[Item], seed: int) -> NDArray[np.float64]:
    """Drop all objects at once and wait.

    Returns:
        (len(items), 4, 4) poses, object to world.
    """
    model = mujoco.MjModel.from_xml_string(_world(items, seed))
    data = mujoco.MjData(model)
    while data.time < SECONDS:
        mujoco.mj_step(model, data)
    mujoco.mj_kinematics(model, data)
    poses = np.tile(np.eye(4), (len(items), 1, 1))
    poses[:, :3, :3] = data.xmat[1:].reshape(-1, 3, 3)
    poses[:, :3, 3] = data.xpos[1:]
    return poses
