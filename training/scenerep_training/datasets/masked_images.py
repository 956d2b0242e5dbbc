"""Images with the mask of the one thing that matters in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.sources.folders.image_files import list_images, read_color

HALF = 127
"""Masks are 0 or 255, or probabilities in between: what is above is foreground."""
IMAGE_FOLDERS = {"images", "image", "imgs", "img", "jpegimages"}
MASK_FOLDERS = {
    *("masks", "mask", "gt", "ground_truth", "ground_truth_mask", "ground-truth", "annotations"),
    *("groundtruth", "pixelwisegt-new-png"),
}


@dataclass(frozen=True)
class MaskedImage:
    """Two files, not read yet."""

    color: Path
    mask: Path

    def read(self) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Read the image (H, W, 3) uint8, RGB, and its mask (H, W) bool.

        Raises:
            FrameError: if one is missing or damaged, or they differ in size.
        """
        color, mask = read_color(self.color), read_mask(self.mask)
        if mask.shape != color.shape[:2]:
            raise FrameError(
                f"{self.mask}: is {mask.shape[1]}x{mask.shape[0]} but its image is "
                f"{color.shape[1]}x{color.shape[0]}"
            )
        return color, mask


def read_mask(path: Path) -> NDArray[np.bool_]:
    """Read a mask (H, W) bool of any format: grey, colour or palette, the background being black.

    Raises:
        FrameError: if it is missing or damaged.
    """
    return read_color(path).max(axis=2) > HALF


def list_saliency(path: Path) -> dict[str, MaskedImage]:
    """List a data set such as ECSSD: a folder of images and one of masks, of equal stems.

    The folders go by any usual name (images, Imgs, DUTS-TE-Image; masks, GT, ground_truth_mask,
    DUTS-TE-Mask). An image without mask is listed, and found wanting when it is read.

    Returns:
        By the image's stem, in order.

    Raises:
        SourceError: if there is no such pair of folders, or it holds no image.
    """
    images, masks = _folder(path, IMAGE_FOLDERS), _folder(path, MASK_FOLDERS)
    found = {file.stem: file for file in list_images(masks)}
    colors = list_images(images)
    if not colors:
        raise SourceError(f"{images}: holds no image")
    missing = {file.stem: masks / f"{file.stem}.png" for file in colors}
    return {file.stem: MaskedImage(file, (missing | found)[file.stem]) for file in colors}


def _folder(path: Path, names: set[str]) -> Path:
    folders = sorted(folder for folder in path.glob("*") if folder.is_dir())
    for folder in folders:
        name = folder.name.lower()
        if name in names or name.rsplit("-", 1)[-1] in names:
            return folder
    held = ", ".join(folder.name for folder in folders) or "no folder"
    raise SourceError(f"{path}: holds {held}; expected one of {', '.join(sorted(names))}")
