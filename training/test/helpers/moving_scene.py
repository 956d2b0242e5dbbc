"""A textured wall with labelled patches, before which a camera moves: all is known exactly."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from scenerep_training.evaluation.label_propagation.warping import Places

from scenerep_ros.frames import Intrinsics, RGBDFrame

HEIGHT, WIDTH = 96, 128
CAMERA = Intrinsics(100.0, 100.0, 63.5, 47.5)
DISTANCE = 2.0
STEP = 3
"""Pixels that the wall moves to the left from frame to frame."""


def wall(width=WIDTH + 40 * STEP):
    """Texture that optical flow can hold on to."""
    noise = np.random.default_rng(0).uniform(size=(HEIGHT, width, 3))
    smooth = cv2.GaussianBlur(noise, (0, 0), 2)
    low, high = smooth.min(), smooth.max()
    return ((smooth - low) / (high - low) * 255).astype(np.uint8)


def window(image, index):
    """What the camera sees of something as large as the wall."""
    return np.ascontiguousarray(image[:, STEP * index : STEP * index + WIDTH])


def wall_frame(index, posed=True):
    """The wall from the index-th place; each step moves the picture by STEP pixels."""
    pose = np.eye(4)
    pose[0, 3] = STEP * index * DISTANCE / CAMERA.fx
    frame = RGBDFrame(
        window(wall(), index), np.full((HEIGHT, WIDTH), DISTANCE, np.float32), CAMERA, pose=pose
    )
    return frame if posed else replace(frame, depth=None, pose=None)


def patches(ids, width=WIDTH + 40 * STEP):
    """Labels of the wall: 20x20 patches, 10 pixels apart, with these ids."""
    labels = np.zeros((HEIGHT, width), np.uint16)
    for index, id_ in enumerate(ids):
        labels[40:60, 45 + 30 * index : 65 + 30 * index] = id_
    return labels


def still(shape=(HEIGHT, WIDTH)):
    """Places of a picture in which nothing moves."""
    rows, columns = np.indices(shape)
    return Places(rows, columns, np.ones(shape, bool), measured=True)
