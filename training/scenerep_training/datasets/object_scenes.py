"""RGB-D frames with instance labels, in the layouts of published data sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.frames import BACKGROUND, UNLABELLED, RGBDFrame
from scenerep_ros.sources import Source, open_source
from scenerep_ros.sources.file_source import FileSource, FrameFiles
from scenerep_ros.sources.folders.camera_file import read_calibration
from scenerep_ros.sources.folders.image_files import list_images
from scenerep_ros.sources.formats.rgbd_folder import RGBDFolder
from scenerep_ros.sources.timing import DEFAULT_RATE, stamp_from_index

Labels = NDArray[np.uint16]

OCID_PARTS = {"ARID10", "ARID20", "YCB10"}
"""Names of the folders that contain OCID's sequences."""


class ObjectScenes:
    """All labelled frames below a path, by name.

    Layouts: a labelled recording in any format of the runtime (a TUM folder with masks.txt, an RGB-D
    folder with label/ such as the modified OSD); the Object Segmentation Database as published;
    OCID as published, from one sequence to the whole tree.

    Args:
        path: recording, or tree of OCID sequences.

    Raises:
        SourceError: if the path has none of these layouts.
    """

    def __init__(self, path: Path) -> None:
        self._frames: dict[str, tuple[Source, int]] = {}
        for prefix, source in _open_recordings(path):
            names = [f"{prefix}{source.frame_name(index)}" for index in range(len(source))]
            self._frames |= {name: (source, index) for index, name in enumerate(names)}

    def names(self) -> list[str]:
        """Return the names of all frames, in order; in an OCID tree with their sequence's folder."""
        return list(self._frames)

    def read(self, name: str) -> tuple[RGBDFrame, Labels]:
        """Read one frame and its labels (H, W) uint16: BACKGROUND, UNLABELLED or an object's id.

        Raises:
            FrameError: if an image is missing or damaged, or the labels have another size.
        """
        source, index = self._frames[name]
        frame, labels = source[index], source.ground_truth(index)
        if labels is None:
            raise FrameError(f"frame {name}: has no label image")
        if labels.shape != frame.shape:
            raise FrameError(
                f"frame {name}: labels are {labels.shape[1]}x{labels.shape[0]} but the color image "
                f"is {frame.shape[1]}x{frame.shape[0]}"
            )
        return frame, labels


class OsdFolder(FileSource):
    """Object Segmentation Database as published (Richtsfeld et al., IROS 2012).

    It holds image_color/, disparity/ (depth in millimeters) and annotation/ (0 = background, 1 and
    above = one object each).
    """

    format_name = "OSD folder"
    format_description = "a folder with image_color/, disparity/ and annotation/"
    is_continuous = None

    def __init__(self, folder: Path) -> None:
        files = [
            FrameFiles(
                color=path,
                stamp_ns=stamp_from_index(index),
                depth=folder / "disparity" / f"{path.stem}.png",
                labels=folder / "annotation" / f"{path.stem}.png",
            )
            for index, path in enumerate(list_images(folder / "image_color"))
        ]
        super().__init__(folder, files, DEFAULT_RATE, read_calibration(folder))

    @classmethod
    def matches(cls, path: Path) -> bool:
        """Return whether the folders of the layout exist."""
        return (path / "image_color").is_dir() and (path / "annotation").is_dir()


class OcidSequence(RGBDFolder):
    """Sequence of the Object Clutter Indoor Dataset (Suchi et al., ICRA 2019).

    It holds rgb/, depth/ and label/ below ARID20, ARID10 or YCB10. Label 0 is unlabelled. On the
    floor, 1 is the floor; on a table, 1 is the background and 2 the table. Each further label is one
    object. No pixel is ignored, as in the evaluation of UCN (Xiang et al., CoRL 2020).
    """

    format_name = "OCID sequence"
    format_description = "a folder below ARID20, ARID10 or YCB10 with rgb/, depth/ and label/"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._is_on_table = "table" in folder.resolve().parts

    @classmethod
    def matches(cls, path: Path) -> bool:
        """Return whether the path lies in an OCID tree and has the folders of the layout."""
        is_in_tree = not OCID_PARTS.isdisjoint(path.resolve().parts)
        return is_in_tree and (path / "label").is_dir() and RGBDFolder.matches(path)

    def ground_truth(self, index: int) -> Labels | None:
        """Return the instance labels (H, W) of one frame, BACKGROUND or an object's id, or None."""
        labels = super().ground_truth(index)
        if labels is None:
            return None
        # RGBDFolder has mapped OCID's labels 0, 1, 2 to UNLABELLED, 0, 1.
        background = (0, UNLABELLED, 1) if self._is_on_table else (0, UNLABELLED)
        return np.where(np.isin(labels, background), BACKGROUND, labels).astype(np.uint16)


def _open_recordings(path: Path) -> list[tuple[str, Source]]:
    """Open the recordings below a path, each with the prefix of its frames' names."""
    if OsdFolder.matches(path):
        return [("", OsdFolder(path))]
    if OcidSequence.matches(path):
        return [("", OcidSequence(path))]
    folders = [] if path.is_file() else sorted(label.parent for label in path.rglob("label"))
    sequences = [folder for folder in folders if folder != path and OcidSequence.matches(folder)]
    if sequences:
        return [(f"{folder.relative_to(path)}/", OcidSequence(folder)) for folder in sequences]
    try:
        return [("", open_source(path))]
    except SourceError as error:
        layouts = f"{OsdFolder.format_description}, or {OcidSequence.format_description}"
        raise SourceError(f"{error}; or {layouts}") from None
