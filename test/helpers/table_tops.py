"""Synthetic table tops, their features and clusters."""

from __future__ import annotations

import cv2
import numpy as np

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.frames import KINECT, Features, RGBDFrame
from scenerep_ros.geometry import invert_depth, viewing_rays

SHAPE = (480, 640)
"""Height and width of the images, those of a Kinect [px]."""
TABLE_NORMAL = np.array([0, 0.8, 0.6], np.float32)
"""Normal of a table in front of a camera that looks down at it, optical frame."""
TABLE_DISTANCE = 0.6
"""Distance of the table's plane from the camera [m]."""
BOARDS = ((60, 220, 120, 160), (300, 180, 80, 200), (460, 260, 110, 100))
"""Left, top, width, height of three upright boards that stand on the table [px]."""


def table_inverse_depth():
    """Return the inverse depth (480, 640) of the empty table [1/m]."""
    return viewing_rays(KINECT, *SHAPE) @ TABLE_NORMAL / TABLE_DISTANCE


def table_depth():
    """Return the depth (480, 640) float32 of the empty table [m], NaN beyond 3.3 m."""
    w = table_inverse_depth()
    return invert_depth(np.where(w > 0.3, w, np.nan).astype(np.float32))


def table_with_boards(noise=0.001):
    """Return depth (480, 640) [m] and labels of three boards on a table.

    Args:
        noise: standard deviation of inverse depth [1/m].
    """
    w = table_inverse_depth()
    labels = np.zeros(SHAPE, np.int32)
    for label, (left, top, width, height) in enumerate(BOARDS, 1):
        foot = w[top + height, left]
        w[top : top + height, left : left + width] = foot
        labels[top : top + height, left : left + width] = label
    w = w + np.random.default_rng(0).normal(0, noise, w.shape)
    return invert_depth(np.where(w > 0.3, w, np.nan).astype(np.float32)), labels


def gray_frame(depth, color=None):
    """Return a frame of a Kinect, gray without a color image."""
    color = np.full((*depth.shape, 3), 128, np.uint8) if color is None else color
    return RGBDFrame(color, depth, KINECT)


def label_features(labels, grid=(30, 40)):
    """Return features that are equal within each label and orthogonal between labels."""
    patch_labels = cv2.resize(
        labels.astype(np.float32), grid[::-1], interpolation=cv2.INTER_NEAREST
    )
    kinds = patch_labels.astype(np.int64)
    return Features(np.eye(8, dtype=np.float32)[kinds], np.ones(8, np.float32))


def clusters_from_labels(labels):
    """Return clusters with one patch a pixel; label 0 becomes the background cluster."""
    scores = (labels == np.arange(labels.max() + 1)[:, None, None]).astype(np.float32)
    return Clusters(scores[1:]) if (labels > 0).all() else Clusters(scores, background=0)
