"""Small recordings whose frames tell which they are."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from scenerep_training.data.views.pair import MakeViews

from scenerep_ros.filesystem.atomic import write_image


def picture(index, shape=(48, 64)):
    """Frame number `index`: its red is 20 times that."""
    return np.full((*shape, 3), (20 * index, 0, 100), np.uint8)


def index_of(color):
    """Which frame it is."""
    return round(float(np.asarray(color)[..., 0].mean()) / 20)


def write_images(folder, count=6, suffix=".jpg"):
    for index in range(count):
        write_image(folder / f"{index:03d}{suffix}", picture(index))
    return folder


def write_video(path, count=6):
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 48))
    for index in range(count):
        writer.write(cv2.cvtColor(picture(index), cv2.COLOR_RGB2BGR))
    writer.release()
    return path


@dataclass(frozen=True)
class Told(MakeViews):
    """Tells which frames a pair is of, and a number drawn at random."""

    reads_depth: bool = False
    reads_masks: bool = False

    def __call__(self, pair):
        frames = torch.tensor([index_of(pair.first.color), index_of(pair.second.color)])
        known = [pair.first.depth is not None, pair.masks[0] is not None]
        return {"frames": frames, "random": torch.rand(()), "known": torch.tensor(known)}
