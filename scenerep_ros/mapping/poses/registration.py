"""Registration of points with the surfaces of a map: point-to-plane ICP.

Chen and Medioni ("Object modelling by registration of multiple range images", IVC 1992), with a
distance of correspondences that shrinks from iteration to iteration.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from scenerep_ros.config.constants import tuned
from scenerep_ros.geometry.subsampling import subsample

Floats = NDArray[np.float32]
Pose = NDArray[np.float64]


@dataclass(frozen=True)
class RegistrationConstants:
    """Tuned constants of the registration."""

    max_points: int = tuned(
        20_000, "largest number of points of the map", set_on="argument: time of a registration"
    )
    neighbor_count: int = tuned(
        10, "number of neighbors from which a normal is estimated", set_on="argument: 4 cm around"
    )
    distances_m: tuple[float, ...] = tuned(
        (0.5, 0.5, 0.4, 0.4, 0.3, 0.3, 0.2, 0.2, 0.15, 0.15, 0.1, 0.1, 0.07, 0.07, 0.05, 0.05),
        "largest distance of corresponding points in each iteration",
        unit="m",
        set_on="argument: the centers of half-visible objects are wrong by a third of a meter",
    )
    fit_distance_m: float = tuned(
        0.05,
        "distance from the map up to which a point agrees",
        unit="m",
        set_on="argument: two voxels and 1 cm",
    )


CONSTANTS = RegistrationConstants()


class MapSurface:
    """Points of a map with normals.

    Args:
        points: (n, 3) float32 [m].

    Attributes:
        points: (m, 3) float32, those that are used [m].
    """

    def __init__(self, points: Floats) -> None:
        self.points = subsample(points, CONSTANTS.max_points)
        self._tree = cKDTree(self.points)
        _, neighbors = self._tree.query(self.points, min(CONSTANTS.neighbor_count, len(points)))
        offsets = self.points[neighbors] - self.points[neighbors].mean(axis=1, keepdims=True)
        # n point, k neighbor, i and j axes
        scatter = np.einsum("nki,nkj->nij", offsets, offsets)
        self._normals = np.linalg.eigh(scatter)[1][:, :, 0]

    def fitness(self, points: Floats, pose: Pose) -> float:
        """Return the ratio of points (n, 3) that agree with the map at a pose (4, 4)."""
        distances, _ = self._tree.query(
            transform(points, pose), distance_upper_bound=CONSTANTS.fit_distance_m
        )
        return float(np.isfinite(distances).mean())

    def register(self, points: Floats, pose: Pose) -> Pose:
        """Improve a pose (4, 4) of points (n, 3) in the map."""
        for distance in CONSTANTS.distances_m:
            moved = transform(points, pose)
            found, nearest = self._tree.query(moved, distance_upper_bound=distance)
            is_near = np.isfinite(found)
            source, index = moved[is_near], nearest[is_near]
            normals = self._normals[index]
            residual = np.einsum("ni,ni->n", self.points[index] - source, normals)
            jacobian = np.concatenate([np.cross(source, normals), normals], axis=1)
            step, *_ = np.linalg.lstsq(jacobian, residual, rcond=None)
            motion = np.eye(4)
            motion[:3, :3] = Rotation.from_rotvec(step[:3]).as_matrix()
            motion[:3, 3] = step[3:]
            pose = motion @ pose
        return pose


def transform(points: NDArray[np.floating], pose: Pose) -> NDArray[np.float64]:
    """Transform points (n, 3) by a pose (4, 4)."""
    return np.asarray(points @ pose[:3, :3].T + pose[:3, 3], np.float64)


def align(source: NDArray[np.floating], target: NDArray[np.floating]) -> Pose:
    """Return the rigid transform (4, 4) of points (n, 3) to others (Kabsch, 1976)."""
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    u, _, vt = np.linalg.svd((source - source_mean).T @ (target - target_mean))
    sign = np.sign(np.linalg.det(vt.T @ u.T))
    pose = np.eye(4)
    pose[:3, :3] = vt.T @ np.diag([1, 1, sign]) @ u.T
    pose[:3, 3] = target_mean - pose[:3, :3] @ source_mean
    return pose
