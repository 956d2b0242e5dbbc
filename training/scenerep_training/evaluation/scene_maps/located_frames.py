"""Frames whose poses are withheld, located in a map that was made of other frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from scenerep_ros.frames import SceneSegmentation
from scenerep_ros.mapping.poses.pose_gate import motion_between
from scenerep_ros.mapping.scene_map import SceneMap
from scenerep_ros.sources import Source
from scenerep_training.evaluation.framework.protocol import Metrics

MAX_ERROR_M = 0.2
MAX_ERROR_DEG = 10.0
"""Errors of position and angle up to which a pose is right: odometry continues from it."""
CM_PER_M = 100


def locate_frames(
    scene_map: SceneMap,
    source: Source,
    scenes: Mapping[int, SceneSegmentation],
    indices: Iterable[int],
) -> Metrics:
    """Locate frames with known poses in a map, as if they had none.

    Args:
        scene_map: the map, in the world of the poses.
        source: recording of the frames.
        scenes: segmentations by the index of the frame.
        indices: frames to locate.

    Returns:
        Number of frames, of right poses and of wrong ones; and the median errors of the right ones.
    """
    errors, count = [], 0
    for index in indices:
        frame = source[index]
        if frame.pose is None:
            continue
        count += 1
        pose = scene_map.relocalize(replace(frame, pose=None), scenes[index])
        if pose is not None:
            errors.append(motion_between(frame.pose, pose))
    right = [(m, deg) for m, deg in errors if m <= MAX_ERROR_M and deg <= MAX_ERROR_DEG]
    metrics = {
        "unposed": float(count),
        "located": float(len(right)),
        "wrong_poses": float(len(errors) - len(right)),
    }
    if right:
        error_m, error_deg = np.median(right, axis=0).tolist()
        metrics |= {"located_cm": CM_PER_M * error_m, "located_deg": error_deg}
    return metrics
