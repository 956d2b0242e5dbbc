"""Rooms with a wall and two pieces of furniture, as depth, features and logits."""

from __future__ import annotations

import numpy as np

from scenerep_ros.frames import KINECT, Features, RGBDFrame
from scenerep_ros.preprocessing.frame_context import FrameContext
from scenerep_ros.segmentation.rgb.foreground_head import ForegroundLogits

ROWS, COLUMNS, PATCH_PX = 24, 32, 20
"""Feature grid, and side of a patch in a 640 x 480 image [px]."""
SOFA, CABINET = np.s_[10:18, 3:12], np.s_[8:18, 18:25]
"""Patches of the furniture."""
WALL_DEPTH, SOFA_DEPTH, CABINET_DEPTH = 3.5, 2.6, 2.4
"""Distances from the camera [m]."""


def pixels(patches):
    """Repeat the values of patches (24, 32) for their pixels (480, 640)."""
    return np.asarray(patches).repeat(PATCH_PX, axis=0).repeat(PATCH_PX, axis=1)


def furniture_kinds():
    """Number the patches: 0 wall, 1 sofa, 2 cabinet."""
    kinds = np.zeros((ROWS, COLUMNS), np.int64)
    kinds[SOFA], kinds[CABINET] = 1, 2
    return kinds


def furnished_room(border_offset_px=0):
    """Return frame context, features, logits and true pixel labels of a room.

    The furniture of the depth and the color image lies `border_offset_px` further right than that of
    the feature grid.
    """
    kinds = furniture_kinds()
    true_labels = np.roll(pixels(kinds), border_offset_px, axis=1)
    depth = np.array([WALL_DEPTH, SOFA_DEPTH, CABINET_DEPTH], np.float32)[true_labels]
    # The sofa's cushions are no plane.
    cushions = 0.1 * np.sin(np.linspace(0, 40, depth.shape[1], dtype=np.float32))
    depth = np.where(true_labels == 1, depth + cushions, depth).astype(np.float32)
    color = np.array([[200] * 3, [120, 60, 60], [60, 60, 120]], np.uint8)[true_labels]
    attention = np.where(kinds > 0, 2.0, 0.2)[None].astype(np.float32)
    noise = 0.05 * np.random.default_rng(0).standard_normal((ROWS, COLUMNS, 8), np.float32)
    grid = np.eye(8, dtype=np.float32)[kinds] + noise
    features = Features(grid, np.zeros(8, np.float32), attention)
    furnishing = np.where(kinds > 0, 2.0, -2.0).astype(np.float32)
    logits = ForegroundLogits(np.zeros((ROWS, COLUMNS), np.float32), furnishing, is_room=True)
    context = FrameContext(RGBDFrame(color, depth, KINECT))
    return context, features, logits, true_labels
