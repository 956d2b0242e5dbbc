"""Frames with one label an object, from the layouts in which such data is published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.frames import BACKGROUND, UNLABELLED, RGBDFrame
from scenerep_ros.sources import Source, open_source
from scenerep_ros.sources.file_source import DEFAULT_RATE, FileSource, FrameFiles, stamp_from_index
from scenerep_ros.sources.folders.camera_file import read_calibration
from scenerep_ros.sources.folders.image_files import list_images
from scenerep_ros.sources.formats.rgbd_folder import RGBDFolder

Labels = NDArray[np.uint16]

OCID_PARTS = {"ARID10", "ARID20", "YCB10"}
"""Folders that the OCID data set's sequences lie in."""


class ObjectScenes:
    """All labelled frames below a path, by name.

    Layouts: what `scenerep segment` opens and has labels (a TUM folder with masks.txt, an RGB-D
    folder with label/ such as the modified OSD); the Object Segmentation Database as published;
    OCID as published, from one sequence up to the whole tree.

    Args:
        path: of a recording, or of a tree of OCID sequences.

    Raises:
        SourceError: if it is none of these.
    """

    def __init__(self, path: Path) -> None:
        self._places: dict[str, tuple[Source, int]] = {}
        for prefix, source in _recordings(path):
            names = [f"{prefix}{source.frame_name(index)}" for index in range(len(source))]
            self._places |= {name: (source, index) for index, name in enumerate(names)}

    def names(self) -> list[str]:
        """Names of all frames, in order: of an OCID tree, with their sequence's folder."""
        return list(self._places)

    def read(self, name: str) -> tuple[RGBDFrame, Labels]:
        """Read one frame and its labels: (H, W) uint16, BACKGROUND, UNLABELLED or an object's id.

        Raises:
            FrameError: if an image is missing or damaged, or the labels do not fit.
        """
        source, index = self._places[name]
        frame, labels = source[index], source.ground_truth(index)
        if labels is None:
            raise FrameError(f"frame {name}: has no label image")
        if labels.shape != frame.shape:
            raise FrameError(
                f"frame {name}: labels are {labels.shape[1]}x{labels.shape[0]} but colour is "
                f"{frame.shape[1]}x{frame.shape[0]}"
            )
        return frame, labels


class OsdFolder(FileSource):
    """The Object Segmentation Database as published (Richtsfeld et al., IROS 2012).

    image_color/, disparity/ (which holds depth, millimetres) and annotation/: 0 = background, 1
    and up = one object each.
    """

    format_name = "OSD folder"
    format_description = "a folder with image_color/, disparity/ and annotation/"

    def __init__(self, folder: Path) -> None:
        shots = [
            FrameFiles(
                color=path,
                stamp_ns=stamp_from_index(index),
                depth=folder / "disparity" / f"{path.stem}.png",
                labels=folder / "annotation" / f"{path.stem}.png",
            )
            for index, path in enumerate(list_images(folder / "image_color"))
        ]
        super().__init__(folder, shots, DEFAULT_RATE, read_calibration(folder))

    @classmethod
    def matches(cls, path: Path) -> bool:
        """Whether its folders are there."""
        return (path / "image_color").is_dir() and (path / "annotation").is_dir()


class OcidSequence(RGBDFolder):
    """A sequence of the Object Clutter Indoor Dataset (Suchi et al., ICRA 2019).

    rgb/, depth/ and label/ below ARID20, ARID10 or YCB10. Labels: 0 = nothing, 1 = the support
    (floor or table), and where that is a table 1 is what lies behind it and 2 the table; the next
    ones are one object each. Nothing is ignored, as in the evaluation of UCN (Xiang et al., CoRL
    2020).
    """

    format_name = "OCID sequence"
    format_description = "a folder below ARID20, ARID10 or YCB10 with rgb/, depth/ and label/"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._on_table = "table" in folder.resolve().parts

    @classmethod
    def matches(cls, path: Path) -> bool:
        """Whether it lies in the data set's tree and has its folders."""
        inside = not OCID_PARTS.isdisjoint(path.resolve().parts)
        return inside and (path / "label").is_dir() and RGBDFolder.matches(path)

    def ground_truth(self, index: int) -> Labels | None:
        """Instance labels (H, W) of one frame, BACKGROUND or an object's; None without labels."""
        labels = super().ground_truth(index)
        if labels is None:
            return None
        support = (0, UNLABELLED, 1) if self._on_table else (0, UNLABELLED)
        return np.where(np.isin(labels, support), BACKGROUND, labels).astype(np.uint16)


def _recordings(path: Path) -> list[tuple[str, Source]]:
    """Recordings below a path, each with what its frames' names begin with."""
    if OsdFolder.matches(path):
        return [("", OsdFolder(path))]
    if OcidSequence.matches(path):
        return [("", OcidSequence(path))]
    tree = [] if path.is_file() else sorted(label.parent for label in path.rglob("label"))
    sequences = [folder for folder in tree if folder != path and OcidSequence.matches(folder)]
    if sequences:
        return [(f"{folder.relative_to(path)}/", OcidSequence(folder)) for folder in sequences]
    try:
        return [("", open_source(path))]
    except SourceError as error:
        kinds = f"{OsdFolder.format_description}, or {OcidSequence.format_description}"
        raise SourceError(f"{error}; or {kinds}") from None
