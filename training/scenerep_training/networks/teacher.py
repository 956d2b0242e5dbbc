"""A frozen teacher: asked about every view, or once about every frame and kept on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn
from torchvision.ops import roi_align

from scenerep_ros.backbones.checkpoint import checkpoint_folder, parse_safetensors, read_card
from scenerep_ros.backbones.loading import load_backbone
from scenerep_ros.backbones.vit import PositionEmbedding, trained_with_antialias
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import ConfigError
from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_ros.frames import Features, RGBDFrame
from scenerep_training.networks.encoder import Encoded, Encoder


class Teacher(nn.Module):
    """An encoder that looks at views in its own resolution and never learns.

    Args:
        encoder: with the teacher's weights.
        resolution: side that views are resized to, pixels; rounded to whole cells.
    """

    def __init__(self, encoder: Encoder, resolution: int) -> None:
        super().__init__()
        self.encoder = encoder.requires_grad_(False).eval()
        cells = max(1, round(resolution / encoder.stride))
        self.side = cells * encoder.stride
        if hasattr(encoder.network, "pos_embed"):
            antialias = trained_with_antialias(encoder.name)
            PositionEmbedding(encoder.network, antialias).fit((cells, cells))

    def train(self, mode: bool = True) -> Teacher:  # noqa: ARG002
        """Stay in eval mode, whatever the student does."""
        return super().train(False)

    @torch.no_grad()
    def forward(self, images: torch.Tensor, cells: tuple[int, int]) -> Encoded:
        """Encode square views (B, 3, S, S) uint8; the grid is resized to (B, *cells, C)."""
        side = (self.side, self.side)
        resized = F.interpolate(images.float(), side, mode="bilinear", antialias=True)
        encoded = self.encoder(resized)
        maps = encoded.grid.float().permute(0, 3, 1, 2)
        maps = F.interpolate(maps, cells, mode="bilinear", antialias=True)
        return Encoded(encoded.pooled.float(), maps.permute(0, 2, 3, 1))


class TeacherCache:
    """Features of whole frames as the runtime computes them, one file a frame, in float16.

    A frame is known by its content, so that it may be read from anywhere under any name.

    Args:
        folder: for the features of all teachers; a frame takes about 0.7 MB (22 x 39 cells of 384).
        options: of the teacher.

    Raises:
        WeightsError: if the teacher's checkpoint has a damaged card.
    """

    def __init__(self, folder: Path, options: BackboneOptions) -> None:
        self._options = options
        weights = _weights_digest(options.weights)
        name = f"{options.backbone}-{weights}-stage{options.stage}-{options.resolution}"
        self._folder = folder / name

    def fill(self, frames: Iterable[RGBDFrame]) -> int:
        """Compute what is missing, on the device of the options; return how much that was.

        Raises:
            ConfigError, WeightsError: if the teacher cannot be loaded.
            ScenerepError: if the disk is full.
        """
        backbone, count = None, 0
        for frame in frames:
            path = self._path(frame.color)
            if path.exists():
                continue
            backbone = backbone or load_backbone(self._options)
            _write(path, backbone(frame.color, self._options.resolution))
            count += 1
        return count

    def read(self, color: NDArray[np.uint8]) -> Features:
        """Features of one frame (H, W, 3), on the CPU, float16.

        Raises:
            ConfigError: if it is not there.
            WeightsError: if its file is damaged.
        """
        path = self._path(color)
        if not path.exists():
            raise ConfigError(
                f"{path}: the teacher's features of this frame are missing; start the training "
                "again with the same --data, which computes them"
            )
        stored = parse_safetensors(path.read_bytes(), path)
        return Features(stored["grid"], stored["pooled"])

    def _path(self, color: NDArray[np.uint8]) -> Path:
        # Every fourth row: two frames of a camera differ everywhere, by noise if by nothing else.
        digest = hashlib.blake2b(color[::4].tobytes(), digest_size=16)
        digest.update(str(color.shape).encode())
        return self._folder / f"{digest.hexdigest()}.safetensors"


def crop_grid(grid: torch.Tensor, box: torch.Tensor, cells: int) -> torch.Tensor:
    """Features of a crop out of those of the whole frame: a cell is the mean over its area.

    This is not what the teacher would say of the crop itself: it saw all around it, at the frame's
    own scale.

    Args:
        grid: (h, w, C), of the frame.
        box: (4,), left, top, right, bottom of the crop, as shares of the frame's sides.
        cells: a side of the result.

    Returns:
        (cells, cells, C) float32.
    """
    height, width = grid.shape[:2]
    edges = box * torch.tensor([width, height, width, height])
    maps = grid.float().permute(2, 0, 1)[None]
    sampled = roi_align(maps, [edges[None]], cells, sampling_ratio=2, aligned=True)
    return sampled[0].permute(1, 2, 0)


def _write(path: Path, features: Features) -> None:
    tensors: dict[str, Any] = {"grid": features.grid, "pooled": features.pooled}
    halves = {name: tensor.half().cpu().contiguous() for name, tensor in tensors.items()}
    write_atomically(path, safetensors.torch.save(halves))


def _weights_digest(weights: str) -> str:
    folder, path = checkpoint_folder(weights), Path(weights).expanduser()
    if folder is not None:
        return read_card(folder).sha256[:12]
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    return weights
