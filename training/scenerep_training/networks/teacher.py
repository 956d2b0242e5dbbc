"""Frozen teacher of distillation: encodes every view, or every frame once into a cache."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import safetensors.numpy
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn
from torchvision.ops import roi_align

from scenerep_ros.backbones.loading import load_backbone
from scenerep_ros.backbones.networks.vit import PositionEmbedding, is_trained_with_antialiasing
from scenerep_ros.backbones.weights.checkpoint import find_checkpoint, parse_safetensors, read_card
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import ConfigError
from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_ros.frames import Features, RGBDFrame
from scenerep_training.networks.encoder import Encoder, EncoderOutput

HASHED_ROW_STEP = 4
"""A frame is identified by every fourth row: noise makes two frames of a camera differ everywhere."""


FORMAT = "with-attention"
"""Last part of the name of a cache's folder, which another format must change."""


class Teacher(nn.Module):
    """Frozen encoder that encodes views at its own resolution.

    Args:
        encoder: encoder with the teacher's weights.
        resolution: side that views are resized to [px], rounded to whole patches.
    """

    def __init__(self, encoder: Encoder, resolution: int) -> None:
        super().__init__()
        self.encoder = encoder.requires_grad_(False).eval()
        grid_size = max(1, round(resolution / encoder.stride))
        self.side = grid_size * encoder.stride
        if hasattr(encoder.network, "pos_embed"):
            antialias = is_trained_with_antialiasing(encoder.name)
            PositionEmbedding(encoder.network, antialias).resize((grid_size, grid_size))

    def train(self, mode: bool = True) -> Teacher:  # noqa: ARG002
        """Stay in eval mode, also when the student enters training mode."""
        return super().train(False)

    @torch.no_grad()
    def forward(self, images: torch.Tensor, grid_shape: tuple[int, int]) -> EncoderOutput:
        """Encode square views.

        Args:
            images: (B, 3, S, S) uint8, RGB.
            grid_shape: height h and width w to which the feature grid is resized.

        Returns:
            Pooled features (B, C) and grid (B, h, w, C), float32.
        """
        side = (self.side, self.side)
        resized = F.interpolate(images.float(), side, mode="bilinear", antialias=True)
        output = self.encoder(resized)
        maps = output.grid.float().permute(0, 3, 1, 2)
        maps = F.interpolate(maps, grid_shape, mode="bilinear", antialias=True)
        return EncoderOutput(output.pooled.float(), maps.permute(0, 2, 3, 1))


class TeacherCache:
    """Features of whole frames as the runtime computes them, one float16 file per frame.

    A frame is identified by its pixels, so it may be read from any path under any name.

    Args:
        folder: folder for the features of all teachers; a frame takes about 0.7 MB (22 x 39 patches
            of 384 channels).
        options: options of the teacher.

    Raises:
        WeightsError: if the card of the teacher's checkpoint is damaged.
    """

    def __init__(self, folder: Path, options: BackboneOptions) -> None:
        self._options = options
        weights = _weights_digest(options.weights)
        name = f"{options.backbone}-{weights}-stage{options.stage}-{options.resolution}-{FORMAT}"
        self._folder = folder / name

    def fill(self, frames: Iterable[RGBDFrame]) -> int:
        """Compute the features of the frames that are missing, on the device of the options.

        Returns:
            Number of frames that were computed.

        Raises:
            ConfigError: if the teacher is unknown or its device is absent.
            WeightsError: if the teacher's weights cannot be loaded.
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

    def read(self, frame: RGBDFrame) -> Features:
        """Read the features of one frame, which the cache holds in float16.

        Raises:
            ConfigError: if the frame is not in the cache.
            WeightsError: if its file is damaged.
        """
        path = self._path(frame.color)
        if not path.exists():
            raise ConfigError(
                f"{path}: the teacher's features of this frame are missing; start the training "
                "again with the same --data, which computes them"
            )
        stored = {
            name: values.float().numpy()
            for name, values in parse_safetensors(path.read_bytes(), path).items()
        }
        return Features(stored["grid"], stored["pooled"], stored.get("attention"))

    def _path(self, color: NDArray[np.uint8]) -> Path:
        digest = hashlib.blake2b(color[::HASHED_ROW_STEP].tobytes(), digest_size=16)
        digest.update(str(color.shape).encode())
        return self._folder / f"{digest.hexdigest()}.safetensors"


def crop_grid(grid: torch.Tensor, box: torch.Tensor, grid_size: int) -> torch.Tensor:
    """Crop the feature grid of a frame; each patch is the mean over its area.

    The result differs from the teacher's features of the crop itself: the teacher saw the crop's
    surroundings, at the scale of the frame.

    Args:
        grid: (h, w, C) features of the frame.
        box: (4,) left, top, right, bottom of the crop, relative to the frame's sides, 0 to 1.
        grid_size: patches along a side of the result, g.

    Returns:
        (g, g, C) float32.
    """
    height, width = grid.shape[:2]
    edges = box * torch.tensor([width, height, width, height])
    maps = grid.float().permute(2, 0, 1)[None]
    sampled = roi_align(maps, [edges[None]], grid_size, sampling_ratio=2, aligned=True)
    return sampled[0].permute(1, 2, 0)


def _write(path: Path, features: Features) -> None:
    arrays = {"grid": features.grid, "pooled": features.pooled}
    if features.attention is not None:
        arrays["attention"] = features.attention
    halves = {name: np.ascontiguousarray(values, np.float16) for name, values in arrays.items()}
    write_atomically(path, safetensors.numpy.save(halves))


def _weights_digest(weights: str) -> str:
    """Return a short hash of a checkpoint or weight file, or the name of downloaded weights."""
    folder, path = find_checkpoint(weights), Path(weights).expanduser()
    if folder is not None:
        return read_card(folder).sha256[:12]
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    return weights
