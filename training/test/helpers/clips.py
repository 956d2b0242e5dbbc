"""Small recordings whose frames encode their number in their color."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from scenerep_training.data.views.base import ViewTransform

from scenerep_ros.filesystem.atomic import write_image

RED_PER_FRAME = 20


def numbered_image(number, shape=(48, 64)):
    """Return an image whose red channel encodes a frame number."""
    return np.full((*shape, 3), (RED_PER_FRAME * number, 0, 100), np.uint8)


def frame_number(color):
    """Decode the frame number of an image."""
    return round(float(np.asarray(color)[..., 0].mean()) / RED_PER_FRAME)


def write_images(folder, count=6, suffix=".jpg"):
    """Write a folder of numbered images."""
    for number in range(count):
        write_image(folder / f"{number:03d}{suffix}", numbered_image(number))
    return folder


def write_video(path, count=6, image=numbered_image):
    """Write a video; `image` maps the index of a frame to the frame."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 48))
    for number in range(count):
        writer.write(cv2.cvtColor(image(number), cv2.COLOR_RGB2BGR))
    writer.release()
    return path


@dataclass(frozen=True)
class PairRecorder(ViewTransform):
    """Transform that returns the frame numbers of a pair, and one random number."""

    needs_depth: bool = False
    needs_masks: bool = False

    def __call__(self, pair):
        numbers = [frame_number(pair.first.color), frame_number(pair.second.color)]
        return {
            "frames": torch.tensor(numbers),
            "random": torch.rand(()),
            "has_depth": torch.tensor(pair.first.depth is not None),
            "has_mask": torch.tensor(pair.masks[0] is not None),
        }
