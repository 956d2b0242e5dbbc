"""Images of whatever the user has, with masks where the data set has them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import SourceError
from scenerep_ros.sources import open_source
from scenerep_ros.sources.base import Source
from scenerep_training.datasets.masked_images import list_saliency
from scenerep_training.datasets.single_object import list_single_object

Looked = tuple[NDArray[np.uint8], "NDArray[np.bool_] | None"]
"""An image (H, W, 3) uint8, RGB, and the mask (H, W) of what is in it, or None."""


def list_any_images(path: Path) -> dict[str, Callable[[], Looked]]:
    """List the images of a data set with masks, or the frames of any recording.

    Args:
        path: ECSSD, CO3D or DAVIS as they are published, or what `scenerep segment` takes.

    Returns:
        By name, in order: what reads it, raising FrameError if it cannot.

    Raises:
        SourceError: if it is none of these.
    """
    for list_masked in (list_single_object, list_saliency):
        try:
            return {name: image.read for name, image in list_masked(path).items()}
        except SourceError:
            continue
    source = open_source(path)
    return {
        source.frame_name(index): partial(_frame, source, index) for index in range(len(source))
    }


def _frame(source: Source, index: int) -> Looked:
    return source[index].color, None
