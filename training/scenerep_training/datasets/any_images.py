"""Images of a data set or a recording, with masks where available."""

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

ImageWithMask = tuple[NDArray[np.uint8], NDArray[np.bool_] | None]
"""Image (H, W, 3) uint8, RGB, and its foreground mask (H, W) bool, or None."""


def list_any_images(path: Path) -> dict[str, Callable[[], ImageWithMask]]:
    """List the images of a data set with masks, or the frames of a recording.

    Args:
        path: ECSSD, CO3D or DAVIS as published, or a recording in any format of the runtime.

    Returns:
        Functions that read an image by its name, in order; they raise FrameError if it is unreadable.

    Raises:
        SourceError: if the path has none of these formats.
    """
    for list_masked in (list_single_object, list_saliency):
        try:
            return {name: image.read for name, image in list_masked(path).items()}
        except SourceError:
            continue
    source = open_source(path)
    return {
        source.frame_name(index): partial(_read_frame, source, index)
        for index in range(len(source))
    }


def _read_frame(source: Source, index: int) -> ImageWithMask:
    return source[index].color, None
