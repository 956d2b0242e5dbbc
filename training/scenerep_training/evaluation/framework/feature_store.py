"""Features of all samples in one .npy file that fills during a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import ConfigError
from scenerep_ros.filesystem.atomic import atomic_path, write_atomically, write_error


class FeatureStore:
    """Memory-mapped (N, C) float32 array on disk; row i is the feature of the i-th sample.

    Rows are written in any order and may be overwritten, so that an interrupted run resumes. A row
    of zeros has not been written. The file has its full size from the start but occupies only the
    space that was written (sparse file). The names of the samples are in a .txt file beside it, one
    a line.

    Args:
        path: of the .npy file, which need not exist.
        names: of all samples.

    Raises:
        ConfigError: if the file exists and belongs to other samples.
    """

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self.path = path
        self._rows = {name: row for row, name in enumerate(names)}
        names_path = path.with_suffix(".txt")
        content = "".join(f"{name}\n" for name in names).encode()
        if path.exists() and (not names_path.exists() or names_path.read_bytes() != content):
            raise ConfigError(
                f"{path}: holds features of other samples than the data has now; name another "
                "--out, or remove the run's folder"
            )
        write_atomically(names_path, content)

    def write(self, name: str, feature: NDArray[np.float32]) -> None:
        """Write the feature (C,) of one sample.

        Raises:
            ScenerepError: if the disk is full.
        """
        if not self.path.exists():
            self._create(feature.size)
        try:
            with self.path.open("r+b") as file:
                file.seek(self.read().offset + self._rows[name] * feature.nbytes)
                file.write(feature.tobytes())
        except OSError as error:
            raise write_error(self.path, error) from error

    def read(self) -> np.memmap:
        """Return all features on disk as a read-only memory map, (N, C) float32."""
        return np.lib.format.open_memmap(self.path, mode="r")

    def _create(self, channels: int) -> None:
        shape = (len(self._rows), channels)
        with atomic_path(self.path) as temporary:
            np.lib.format.open_memmap(temporary, "w+", np.float32, shape).flush()
