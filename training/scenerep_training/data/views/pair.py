"""Two near frames of one recording: what self-supervised training takes as the same scene."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from scenerep_ros.frames import RGBDFrame

Views = dict[str, torch.Tensor]
"""What a method sees of one pair, by name; of a batch with one dimension more in front."""


@dataclass(frozen=True)
class FramePair:
    """A positive pair.

    Attributes:
        first, second: frames of one recording; the same frame where the gap is 0. Without depth
            unless the views read it.
        masks: of the foreground, (H, W) bool each, or None where the recording has none, or the
            views read none.
        sequence: name of the recording.
    """

    first: RGBDFrame
    second: RGBDFrame
    masks: tuple[NDArray[np.bool_] | None, NDArray[np.bool_] | None] = (None, None)
    sequence: str = ""


class MakeViews(ABC):
    """Augments one pair.

    Images are (3, H, W) uint8, RGB: the encoder normalises on its device. All that is random is
    drawn from torch's global generator, which the data set seeds for each pair. It must pickle, for
    it goes to the workers.
    """

    @property
    def reads_depth(self) -> bool:
        """Whether the pair's frames must have their depth, which costs more than their colour."""
        return False

    @property
    def reads_masks(self) -> bool:
        """Whether the pair must have its masks."""
        return False

    @abstractmethod
    def __call__(self, pair: FramePair) -> Views:
        """Make the views."""
