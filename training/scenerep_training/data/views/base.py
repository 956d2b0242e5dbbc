"""Interface of the view transforms, and the frame pair that they augment."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError
from scenerep_ros.frames import RGBDFrame

Views = dict[str, torch.Tensor]
"""Named tensors of one pair; those of a batch have one more dimension in front."""
GROUP = "group"
"""Name of the group of a pair among its views: pairs of one group may show the same objects."""


class MissingMaskError(FrameError):
    """A readable frame without the mask that a method needs; another frame is taken.

    Args:
        frame_name: name of the frame.
    """

    def __init__(self, frame_name: str) -> None:
        super().__init__(f"frame {frame_name}: has no mask of its foreground")


@dataclass(frozen=True)
class FramePair:
    """Two near frames of one recording: a positive pair.

    Attributes:
        first: a frame; without depth unless the transform needs it.
        second: another frame, or the same frame if the gap is 0.
        masks: foreground (H, W) bool of each frame; None if the recording has no masks or the
            transform needs none.
        sequence: name of the recording.
    """

    first: RGBDFrame
    second: RGBDFrame
    masks: tuple[NDArray[np.bool_] | None, NDArray[np.bool_] | None] = (None, None)
    sequence: str = ""


class ViewTransform(ABC):
    """Augmentation of a frame pair to views.

    Images are (3, H, W) uint8, RGB; the encoder normalizes them on its device. All random numbers
    come from torch's global CPU generator, which the data set seeds for each pair. A transform must
    pickle, for the loader's workers.
    """

    @property
    def needs_depth(self) -> bool:
        """True if the frames must have depth, which takes longer to read than color."""
        return False

    @property
    def needs_masks(self) -> bool:
        """True if the first frame of the pair must have a foreground mask."""
        return False

    @abstractmethod
    def __call__(self, pair: FramePair) -> Views:
        """Return the views of one pair."""
