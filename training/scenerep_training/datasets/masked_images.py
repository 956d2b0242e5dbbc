"""Images with the mask of their salient object."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.sources.folders.image_files import list_images, read_color
from scenerep_ros.sources.frame_names import file_frame_names

MASK_THRESHOLD = 127
"""Mask value above which a pixel is foreground; masks are 0 or 255, or probabilities in between."""
IMAGE_FOLDERS = {"images", "image", "imgs", "img", "jpegimages"}
MASK_FOLDERS = {
    *("masks", "mask", "gt", "ground_truth", "ground_truth_mask", "ground-truth", "annotations"),
    *("groundtruth", "pixelwisegt-new-png"),
}


@dataclass(frozen=True)
class MaskedImage:
    """Image file and mask file, not read yet."""

    color: Path
    mask: Path

    def read(self) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Read the image (H, W, 3) uint8, RGB, and its mask (H, W) bool.

        Raises:
            FrameError: if a file is missing or damaged, or the sizes differ.
        """
        color, mask = read_color(self.color), read_mask(self.mask)
        if mask.shape != color.shape[:2]:
            raise FrameError(
                f"{self.mask}: is {mask.shape[1]}x{mask.shape[0]} but its image is "
                f"{color.shape[1]}x{color.shape[0]}"
            )
        return color, mask


def read_mask(path: Path) -> NDArray[np.bool_]:
    """Read a gray, color or palette mask as (H, W) bool; the background is black.

    A mask of 0 and 1, or a palette without bright colors, holds ids, of which 0 is the background.

    Raises:
        FrameError: if it is missing or damaged.
    """
    brightness = read_color(path).max(axis=2)
    if brightness.max() <= MASK_THRESHOLD and (brightness.max() == 1 or _has_palette(path)):
        return np.asarray(brightness > 0, np.bool_)
    return np.asarray(brightness > MASK_THRESHOLD, np.bool_)


def _has_palette(path: Path) -> bool:
    with Image.open(path) as image:
        return image.mode == "P"


def list_saliency(path: Path) -> dict[str, MaskedImage]:
    """List a data set such as ECSSD: a folder of images and a folder of masks with equal names.

    The folders may have any usual name (images, Imgs, DUTS-TE-Image; masks, GT, ground_truth_mask,
    DUTS-TE-Mask). An image without mask is listed; reading it raises FrameError.

    Returns:
        Images by the stem of their file name, or a longer name if stems repeat, in order.

    Raises:
        SourceError: if there is no such pair of folders, or it holds no image.
    """
    images, masks = _find_folder(path, IMAGE_FOLDERS), _find_folder(path, MASK_FOLDERS)
    mask_files = {file.stem: file for file in list_images(masks)}
    colors = list_images(images)
    if not colors:
        raise SourceError(f"{images}: holds no image")
    return {
        name: MaskedImage(file, mask_files.get(file.stem, masks / f"{file.stem}.png"))
        for name, file in zip(file_frame_names(colors), colors, strict=True)
    }


def _find_folder(path: Path, names: set[str]) -> Path:
    """Return the first subfolder with one of the names, or with one as the last part after "-"."""
    folders = sorted(folder for folder in path.glob("*") if folder.is_dir())
    for folder in folders:
        name = folder.name.lower()
        if name in names or name.rsplit("-", 1)[-1] in names:
            return folder
    held = ", ".join(folder.name for folder in folders) or "no folder"
    raise SourceError(f"{path}: holds {held}; expected one of {', '.join(sorted(names))}")
