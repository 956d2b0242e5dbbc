"""Camera poses in the trajectory format of the TUM RGB-D benchmark, one line per image."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from scenerep_ros.errors import SourceError

FILE_NAME = "groundtruth.txt"
_COLUMNS = 8  # stamp, position, quaternion


class StampedPose(NamedTuple):
    """Pose (4, 4) float64, camera to world, and its stamp [ns]."""

    stamp_ns: int
    pose: NDArray[np.float64]


def read_poses(path: Path) -> list[StampedPose]:
    """Read the lines `stamp tx ty tz qx qy qz qw` of a file in their order; [] without the file.

    Raises:
        SourceError: if the file contains anything else.
    """
    if not path.exists():
        return []
    try:
        lines = [line for line in path.read_text().splitlines() if line.split("#")[0].strip()]
        if not lines:
            return []
        rows = np.loadtxt(lines, dtype=np.float64, ndmin=2)
        if rows.shape[1] != _COLUMNS or not np.isfinite(rows).all():
            raise ValueError(f"{rows.shape[1]} columns of finite numbers")
        rotations = Rotation.from_quat(rows[:, 4:]).as_matrix()
    except (OSError, ValueError) as error:
        raise SourceError(
            f"{path}: expected lines of stamp tx ty tz qx qy qz qw: {error}"
        ) from None
    poses = np.tile(np.eye(4), (len(rows), 1, 1))
    poses[:, :3, :3], poses[:, :3, 3] = rotations, rows[:, 1:4]
    stamps = np.rint(rows[:, 0] * 1e9).astype(np.int64).tolist()
    return [StampedPose(*item) for item in zip(stamps, poses, strict=True)]
