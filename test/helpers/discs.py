"""A synthetic tracker scene: textured discs of distinct features on a textured ground."""

import cv2
import numpy as np
import torch

from scenerep_ros.frames import (
    BACKGROUND,
    UNLABELLED,
    Features,
    RGBDFrame,
    SceneSegmentation,
    Segmentation,
)
from scenerep_ros.tracking.tracker import Tracker

SHAPE = (240, 320)
RNG = np.random.default_rng(0)
TEXTURE = cv2.resize(RNG.integers(0, 255, (90, 120, 3), np.uint8), (960, 720))
VECTORS = torch.tensor(RNG.normal(size=(50, 32)), dtype=torch.float32)
DISCS = {1: (60, 60, 30), 2: (200, 50, 40), 3: (90, 180, 25), 4: (250, 180, 35)}


def disc_labels(discs: dict[int, tuple[int, int, int]], shape=SHAPE) -> np.ndarray:
    """Labels (H, W) int32 of discs label -> u, v, radius."""
    labels = np.zeros(shape, np.int32)
    for label, (u, v, radius) in discs.items():
        cv2.circle(labels, (u, v), radius, label, -1)
    return labels


def features_of(labels: np.ndarray, stride: int = 10) -> Features:
    """A grid in which every label has its own feature."""
    known = np.where(labels == UNLABELLED, 0, labels)
    half = stride // 2
    grid = VECTORS[torch.from_numpy(known[half::stride, half::stride].astype(np.int64))]
    return Features(grid, grid.mean((0, 1)))


def track_frame(
    tracker: Tracker, segmentation: Segmentation, features: Features, frame: RGBDFrame
) -> SceneSegmentation:
    """Run both steps of the tracker on one frame."""
    return tracker.update(segmentation, features, tracker.prepare(frame))


def track(
    tracker: Tracker, truth: np.ndarray, shown=None, color=None, **frame
) -> SceneSegmentation:
    """Give the tracker a frame whose features follow `truth` and whose segments are `shown`."""
    if color is None:
        color = np.ascontiguousarray(TEXTURE[: truth.shape[0], : truth.shape[1]])
    shown = truth if shown is None else shown
    segmentation, features = Segmentation(shown), features_of(truth)
    return track_frame(tracker, segmentation, features, RGBDFrame(color, **frame))


def ids_by_label(labels: np.ndarray, scene: SceneSegmentation) -> dict[int, int]:
    present = [int(k) for k in np.unique(labels) if k not in (BACKGROUND, UNLABELLED)]
    for label in present:
        assert len(np.unique(scene.labels[labels == label])) == 1
    return {label: int(scene.labels[labels == label][0]) for label in present}
