"""A synthetic frame and its segmentation, for tests of drawings and sinks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from scenerep_ros.frames import KINECT, UNLABELLED, RGBDFrame, SceneSegmentation


def make_frame(name: str = "000001", shape: tuple[int, int] = (48, 64)) -> RGBDFrame:
    """Return a frame of noise at 1.5 m, without depth in its three upper rows."""
    depth = np.full(shape, 1.5, np.float32)
    depth[:3] = np.nan
    color = np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8)
    return RGBDFrame(color, depth, KINECT, name=name)


def make_scene(shape: tuple[int, int] = (48, 64)) -> SceneSegmentation:
    """Return two objects of 10x10 px, unlabelled upper rows and three attention heads."""
    labels = np.zeros(shape, np.uint16)
    labels[10:20, 10:20] = 1
    labels[30:40, 10:20] = 65534
    labels[:3] = UNLABELLED
    attention = np.random.default_rng(1).random((3, 4, 5), np.float32)
    return SceneSegmentation(labels, attention=attention)


def file_names(folder: Path) -> list[str]:
    """List the files below a folder, relative to it."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
