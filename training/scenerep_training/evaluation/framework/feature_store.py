"""Features of all samples in one .npy file that fills as a run goes on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import ConfigError, ScenerepError
from scenerep_ros.filesystem.atomic import atomic_path, write_atomically


class FeatureStore:
    """An (N, C) float32 array on disk, row i of the i-th sample; what is read is not held.

    Rows come in any order, and may come again, so that a run that was killed just goes on. A row of
    zeros has not come yet: the file is made whole, but takes up only the space that was written to.
    The names of the samples are kept beside it, one a line.

    Args:
        path: of the .npy file, which need not be there.
        names: of all samples.

    Raises:
        ConfigError: if the file is there and is of other samples.
    """

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self.path = path
        self._rows = {name: row for row, name in enumerate(names)}
        listing = path.with_suffix(".txt")
        content = "".join(f"{name}\n" for name in names).encode()
        if path.exists() and (not listing.exists() or listing.read_bytes() != content):
            raise ConfigError(
                f"{path}: holds features of other samples than the data has now; name another "
                "--out, or remove the run's folder"
            )
        write_atomically(listing, content)

    def write(self, name: str, feature: NDArray[np.float32]) -> None:
        """Keep the feature (C,) of one sample.

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
            raise ScenerepError(f"cannot write {self.path}: {error}; is the disk full?") from error

    def read(self) -> np.memmap:
        """All features as they are on disk, (N, C) float32, read-only."""
        return np.lib.format.open_memmap(self.path, mode="r")

    def _create(self, channels: int) -> None:
        shape = (len(self._rows), channels)
        with atomic_path(self.path) as temporary:
            np.lib.format.open_memmap(temporary, "w+", np.float32, shape).flush()
