"""Synthetic scene for the tracker: discs with distinct features on a textured background."""

import cv2
import numpy as np

from scenerep_ros.frames import (
    BACKGROUND,
    UNLABELLED,
    Features,
    RGBDFrame,
    SceneSegmentation,
    Segmentation,
)
from scenerep_ros.tracking.identity_tracker import IdentityTracker
from scenerep_ros.tracking.tracker import Tracker

SHAPE = (240, 320)
RNG = np.random.default_rng(0)
TEXTURE = cv2.resize(RNG.integers(0, 255, (90, 120, 3), np.uint8), (960, 720))
VECTORS = RNG.normal(size=(50, 32)).astype(np.float32)
DISCS = {1: (60, 60, 30), 2: (200, 50, 40), 3: (90, 180, 25), 4: (250, 180, 35)}
"""Column and row of the center, and radius, of each label's disc [px]."""


def disc_labels(discs: dict[int, tuple[int, int, int]], shape=SHAPE) -> np.ndarray:
    """Labels (H, W) int32 of discs, given as label -> (u, v, radius)."""
    labels = np.zeros(shape, np.int32)
    for label, (u, v, radius) in discs.items():
        cv2.circle(labels, (u, v), radius, label, -1)
    return labels


def features_of(labels: np.ndarray, stride: int = 10) -> Features:
    """Feature grid in which each label has its own feature."""
    filled = np.where(labels == UNLABELLED, 0, labels)
    half = stride // 2
    grid = VECTORS[filled[half::stride, half::stride]]
    return Features(grid, grid.mean((0, 1)))


def texture_window(left: int, top: int, shape=SHAPE) -> np.ndarray:
    """Image (H, W, 3) of a camera that looks at the texture from this upper left corner."""
    return np.ascontiguousarray(TEXTURE[top : top + shape[0], left : left + shape[1]])


def track_frame(
    tracker: Tracker | IdentityTracker,
    segmentation: Segmentation,
    features: Features,
    frame: RGBDFrame,
) -> SceneSegmentation:
    """Run both steps of the tracker on one frame."""
    return tracker.update(segmentation, features, tracker.prepare(frame))


def track(
    tracker: Tracker | IdentityTracker, truth: np.ndarray, segments=None, color=None, **frame
) -> SceneSegmentation:
    """Track a frame whose features follow `truth`, and whose segments do too by default."""
    if color is None:
        color = texture_window(0, 0, truth.shape)
    segmentation = Segmentation(truth if segments is None else segments)
    return track_frame(tracker, segmentation, features_of(truth), RGBDFrame(color, **frame))


def ids_by_label(labels: np.ndarray, scene: SceneSegmentation) -> dict[int, int]:
    """Id of each label's region; asserts that each region has a single id."""
    present = [int(label) for label in np.unique(labels) if label not in (BACKGROUND, UNLABELLED)]
    for label in present:
        assert len(np.unique(scene.labels[labels == label])) == 1
    return {label: int(scene.labels[labels == label][0]) for label in present}
