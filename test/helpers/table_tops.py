"""Made-up table tops and features for the tests of the cut."""

from __future__ import annotations

import cv2
import numpy as np
import torch

from scenerep_ros.frames import KINECT, Clusters, Features, RGBDFrame
from scenerep_ros.geometry import invert_depth, viewing_rays

BOXES = ((60, 220, 120, 160), (300, 180, 80, 200), (460, 260, 110, 100))
"""Left, top, width, height in pixels of three upright boards that stand on the table."""


def table_scene(noise=0.001, seed=0):
    """Depth and mask of boards that stand on a table before a camera that looks down at it."""
    rays = viewing_rays(KINECT, 480, 640)
    w = rays @ np.array([0, 0.8, 0.6], np.float32) / 0.6
    mask = np.zeros((480, 640), np.int32)
    for label, (left, top, width, height) in enumerate(BOXES, 1):
        foot = w[top + height, left]
        w[top : top + height, left : left + width] = foot
        mask[top : top + height, left : left + width] = label
    w = w + np.random.default_rng(seed).normal(0, noise, w.shape)
    return invert_depth(np.where(w > 0.3, w, np.nan).astype(np.float32)), mask


def frame_of(depth, color=None):
    color = np.full((*depth.shape, 3), 128, np.uint8) if color is None else color
    return RGBDFrame(color, depth, KINECT)


def two_looks(mask, shape=(30, 40)):
    """Features that tell the mask's labels apart, on a coarse grid."""
    coarse = cv2.resize(mask.astype(np.float32), shape[::-1], interpolation=cv2.INTER_NEAREST)
    kinds = torch.from_numpy(coarse).long()
    return Features(torch.nn.functional.one_hot(kinds, 8).float(), torch.ones(8))


def clusters_of(regions):
    """Clusters, a cell a pixel, of which regions are made; 0 is what they know to be background."""
    scores = torch.nn.functional.one_hot(torch.from_numpy(regions).long()).permute(2, 0, 1).float()
    return Clusters(scores[1:]) if (regions > 0).all() else Clusters(scores, background=0)
