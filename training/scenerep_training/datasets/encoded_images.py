"""Images stored together with a teacher's features, for the distillation of many images.

projection.safetensors:
    mean (C,), basis (C, D) and scale (D,) of the stored features.

shards/NAME.safetensors, of n images each:
    - features (n, h, w, D) int8; feature = mean + basis @ (scale * stored)
    - attention (n, k, h, w) float16, CLS attention of each head
    - cls (n, C) float16
    - jpeg (bytes,) uint8, all images as JPEG, one after the other
    - offsets (n + 1,) int64, first byte of each image

All images are square and have one size. A folder may grow while a run reads it; the run sees new
shards when it is resumed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open

from scenerep_ros.backbones.weights.checkpoint import parse_safetensors
from scenerep_ros.errors import ConfigError, FrameError, SourceError, WeightsError
from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_ros.frames import Features, RGBDFrame
from scenerep_ros.sources.base import Source

PROJECTION_NAME, SHARDS_FOLDER = "projection.safetensors", "shards"
MAX_CODE = 127
"""Largest magnitude of a stored feature."""
CODE_QUANTILE = 0.9998
"""Ratio of the values of each dimension that int8 holds without clipping."""


@dataclass(frozen=True)
class EncodedFrame(RGBDFrame):
    """Image with the features of a teacher.

    Attributes:
        teacher: the teacher's features.
    """

    teacher: Features | None = None


def stored_features(frame: RGBDFrame) -> Features:
    """Return the features that an encoded image carries.

    Raises:
        ConfigError: if the frame is no encoded image.
    """
    if not isinstance(frame, EncodedFrame) or frame.teacher is None:
        raise ConfigError(
            f"frame {frame.name}: is not stored with a teacher's features; with a teacher_cache of "
            "encoded images, --data names that folder only"
        )
    return frame.teacher


@dataclass(frozen=True)
class Projection:
    """Rotation of features to their principal axes, and their quantization to int8.

    All axes are kept, so that only rounding loses information: steps of about a thirtieth of the
    standard deviation.

    Attributes:
        mean: (C,) float32.
        basis: (C, D) float32, orthonormal columns.
        scale: (D,) float32, step of the quantization.
    """

    mean: torch.Tensor
    basis: torch.Tensor
    scale: torch.Tensor

    @staticmethod
    def fit(features: torch.Tensor) -> Projection:
        """Fit the principal axes of features (N, C)."""
        mean = features.double().mean(0)
        centered = features.double() - mean
        basis = torch.linalg.eigh(centered.T @ centered).eigenvectors.flip(1)
        magnitudes = (centered @ basis).abs().numpy()
        scale = torch.from_numpy(np.quantile(magnitudes, CODE_QUANTILE, axis=0)) / MAX_CODE
        return Projection(mean.float(), basis.float(), scale.float().clamp_min(1e-12))

    def encode(self, features: torch.Tensor) -> torch.Tensor:
        """Convert features (..., C) to codes (..., D) int8."""
        codes = (features.float() - self.mean) @ self.basis / self.scale
        return codes.round().clamp(-MAX_CODE, MAX_CODE).to(torch.int8)

    def decode(self, codes: torch.Tensor) -> torch.Tensor:
        """Convert codes (..., D) to features (..., C) float32."""
        return self.mean + (codes.float() * self.scale) @ self.basis.T

    def save(self, folder: Path) -> None:
        """Write projection.safetensors."""
        tensors = {"mean": self.mean, "basis": self.basis.contiguous(), "scale": self.scale}
        write_atomically(folder / PROJECTION_NAME, safetensors.torch.save(tensors))

    @staticmethod
    def load(folder: Path) -> Projection:
        """Read projection.safetensors.

        Raises:
            SourceError: if it is missing or damaged.
        """
        path = folder / PROJECTION_NAME
        try:
            stored = parse_safetensors(path.read_bytes(), path)
            return Projection(stored["mean"], stored["basis"], stored["scale"])
        except (OSError, KeyError, WeightsError) as error:
            raise SourceError(
                f"{path}: cannot be read ({error}); encode the images again"
            ) from None


def write_shard(
    folder: Path, name: str, frames: list[EncodedFrame], projection: Projection
) -> None:
    """Write one shard atomically; its images are compressed as JPEG.

    Args:
        folder: folder of the encoded images.
        name: name of the shard.
        frames: square images of one size with features, attention and CLS token.
        projection: projection of the folder.
    """
    teachers = [frame.teacher for frame in frames if frame.teacher is not None]
    attention = [each.attention for each in teachers if each.attention is not None]
    files = [_compress(frame.color) for frame in frames]
    tensors = {
        "features": projection.encode(torch.from_numpy(np.stack([each.grid for each in teachers]))),
        "attention": torch.from_numpy(np.stack(attention)).half(),
        "cls": torch.from_numpy(np.stack([each.pooled for each in teachers])).half(),
        "jpeg": torch.from_numpy(np.concatenate(files)),
        "offsets": torch.tensor(np.cumsum([0, *map(len, files)])),
    }
    names = json.dumps([frame.name for frame in frames])
    data = safetensors.torch.save(tensors, metadata={"names": names})
    write_atomically(folder / SHARDS_FOLDER / f"{name}.safetensors", data)


def is_encoded(path: Path) -> bool:
    """Return whether a path is a folder of encoded images."""
    return (path / PROJECTION_NAME).is_file()


class EncodedImages(Source):
    """Folder of encoded images as a recording; each frame is an `EncodedFrame`.

    Args:
        folder: folder with the files above.

    Raises:
        SourceError: if it holds no shard, or a file is damaged.
    """

    format_name = "encoded images"
    is_continuous = False

    def __init__(self, folder: Path) -> None:
        super().__init__(folder.name, rate=1.0)
        self._projection = Projection.load(folder)
        self._shards = [
            Shard(path) for path in sorted((folder / SHARDS_FOLDER).glob("*.safetensors"))
        ]
        if not self._shards:
            raise SourceError(f"{folder}: has no shard in {SHARDS_FOLDER}; encode images first")
        self._ends = np.cumsum([len(shard) for shard in self._shards])

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, index: int) -> EncodedFrame:
        """Read one image with its features.

        Raises:
            IndexError: if there is no such image.
            FrameError: if its JPEG is damaged.
        """
        if not 0 <= index < len(self):
            raise IndexError(index)
        number = int(np.searchsorted(self._ends, index, side="right"))
        row = index - (int(self._ends[number - 1]) if number else 0)
        shard = self._shards[number]
        features = Features(
            self._projection.decode(shard.row("features", row)).numpy(),
            shard.row("cls", row).float().numpy(),
            shard.row("attention", row).float().numpy(),
        )
        return EncodedFrame(shard.image(row), name=self.frame_name(index), teacher=features)

    def color_frame(self, index: int) -> RGBDFrame:
        """Read one image with its features; see `__getitem__`."""
        return self[index]


class Shard:
    """One file of encoded images, whose rows are read on demand.

    Args:
        path: file.

    Raises:
        SourceError: if it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._count = len(self._file.get_slice("offsets")[:]) - 1
        except (OSError, SafetensorError) as error:
            raise SourceError(f"{path}: cannot be read ({error}); remove it") from None

    def __len__(self) -> int:
        return self._count

    def __getstate__(self) -> dict[str, Any]:
        # A worker opens the file again.
        return {"_path": self._path, "_count": self._count}

    @cached_property
    def _file(self) -> Any:
        return safe_open(self._path, framework="pt")

    def row(self, name: str, index: int) -> torch.Tensor:
        """Read one row of a tensor."""
        row: torch.Tensor = self._file.get_slice(name)[index]
        return row

    def image(self, index: int) -> np.ndarray:
        """Decode one image (H, W, 3) uint8, RGB.

        Raises:
            FrameError: if it is damaged.
        """
        start, stop = self._file.get_slice("offsets")[index : index + 2].tolist()
        data = self._file.get_slice("jpeg")[start:stop].numpy()
        decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
        if decoded is None:
            raise FrameError(f"{self._path}: image {index} is no JPEG; remove the shard")
        return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)


def _compress(color: np.ndarray, quality: int = 92) -> np.ndarray:
    _, data = cv2.imencode(
        ".jpg", cv2.cvtColor(color, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    return data.ravel()
