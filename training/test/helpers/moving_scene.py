"""Textured wall with labelled squares before a moving camera: motion and visibility are exact."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from scenerep_training.evaluation.label_propagation.warping import NearestBackwardWarp

from scenerep_ros.frames import Intrinsics, RGBDFrame

HEIGHT, WIDTH = 96, 128
CAMERA = Intrinsics(100.0, 100.0, 63.5, 47.5)
DISTANCE = 2.0
"""Distance of the wall [m]."""
STEP = 3
"""Shift of the wall to the left from frame to frame [px]."""
WALL_WIDTH = WIDTH + 40 * STEP


def wall_texture(width=WALL_WIDTH):
    """Smooth random texture that optical flow can track."""
    noise = np.random.default_rng(0).uniform(size=(HEIGHT, width, 3))
    smooth = cv2.GaussianBlur(noise, (0, 0), 2)
    low, high = smooth.min(), smooth.max()
    return ((smooth - low) / (high - low) * 255).astype(np.uint8)


def crop_view(wall_image, index):
    """Crop the part of a wall-sized image that the camera shows in a frame."""
    return np.ascontiguousarray(wall_image[:, STEP * index : STEP * index + WIDTH])


def wall_frame(index, posed=True):
    """Render the wall from the index-th pose; each step moves the image by STEP pixels."""
    pose = np.eye(4)
    pose[0, 3] = STEP * index * DISTANCE / CAMERA.fx
    depth = np.full((HEIGHT, WIDTH), DISTANCE, np.float32)
    frame = RGBDFrame(crop_view(wall_texture(), index), depth, CAMERA, pose=pose)
    return frame if posed else replace(frame, depth=None, pose=None)


def square_labels(ids, width=WALL_WIDTH):
    """Label 20x20 squares of the wall, 10 pixels apart, with these ids."""
    labels = np.zeros((HEIGHT, width), np.uint16)
    for index, id_ in enumerate(ids):
        labels[40:60, 45 + 30 * index : 65 + 30 * index] = id_
    return labels


def identity_warp(shape=(HEIGHT, WIDTH)):
    """Backward warp of a static scene before a static camera."""
    rows, columns = np.indices(shape)
    return NearestBackwardWarp(rows, columns, np.ones(shape, bool), is_geometric=True)
