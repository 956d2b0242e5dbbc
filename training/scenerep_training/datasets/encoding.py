"""The command `scenerep-train encode`: square crops of images with the features of a teacher."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from tqdm import tqdm

from scenerep_ros.backbones.base import Backbone
from scenerep_ros.backbones.loading import load_backbone
from scenerep_ros.backbones.networks.student import STRIDE
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import ConfigError, FrameError
from scenerep_ros.sources.base import Source
from scenerep_training.data.recordings import open_recordings
from scenerep_training.datasets.encoded_images import (
    SHARDS_FOLDER,
    EncodedFrame,
    Projection,
    is_encoded,
    write_shard,
)
from scenerep_training.datasets.shards.downloads import location
from scenerep_training.engine.run_folder import check_run_folder, claim_run_folder

ZOOM = (0.5, 0.85)
"""Smallest and largest side of the crops after the first one, as ratios of the shorter side."""


class EncodeOptions(BackboneOptions):
    """Options of `encode`: the teacher, and the crops."""

    grid_size: int = Field(
        20, ge=4, le=64, description="Patches along a side of a crop, of the teacher's patch size."
    )
    crops: int = Field(
        1,
        ge=1,
        le=64,
        description="Square crops per image: the first one covers the shorter side, the others half to "
        "85 % of it.",
    )
    shard_size: int = Field(256, ge=1, le=65536, description="Crops per shard.")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Seed of the order and of the crops.")


@dataclass(frozen=True)
class CropJob:
    """One crop to encode.

    Attributes:
        source: recording of the image.
        index: index of the image.
        number: number of the crop.
        seed: seed of its position.
    """

    source: Source
    index: int
    number: int
    seed: int

    def read(self) -> NDArray[np.uint8]:
        """Read the image and cut the crop (S, S, 3) uint8, RGB.

        Raises:
            FrameError: if the image is missing or damaged.
        """
        color = self.source.color_frame(self.index).color
        generator = np.random.default_rng([self.seed, self.index, self.number])
        height, width = color.shape[:2]
        zoom = generator.uniform(*ZOOM) if self.number else 1.0
        side = max(2, int(min(height, width) * zoom))
        top, left = (int(generator.uniform(0, length - side + 1)) for length in (height, width))
        return color[top : top + side, left : left + side]


def encode(data: Sequence[Path], folder: Path, options: EncodeOptions) -> str:
    """Encode crops of all images of recordings; shards that exist are kept.

    Returns:
        A message for the user.

    Raises:
        ConfigError: if the teacher has no attention, or the folder holds shards of other images or
            options.
        SourceError: if a recording cannot be opened.
        WeightsError: if the teacher's weights are missing or damaged.
        ScenerepError: if the disk is full; the complete shards remain.
    """
    settings = options.model_dump() | {"data": [location(path) for path in data]}
    check_run_folder(folder, settings)
    jobs = _list_jobs(data, options)
    backbone = load_backbone(options)
    size = options.shard_size
    starts = range(0, len(jobs), size)
    for start in tqdm(starts, "encoding", unit="shard", delay=1):
        name = f"{start // size:05d}"
        if (folder / SHARDS_FOLDER / f"{name}.safetensors").exists():
            continue
        frames = _encode_jobs(jobs[start : start + size], backbone, options)
        if frames:
            claim_run_folder(folder, settings)
            write_shard(folder, name, frames, _projection(folder, frames))
    return f"{len(starts)} shards in {folder}"


def _list_jobs(data: Sequence[Path], options: EncodeOptions) -> list[CropJob]:
    """List the crops of all images in random order, so that any part of them is a fair sample."""
    sources = open_recordings(data).sources
    jobs = [
        CropJob(source, index, number, options.seed)
        for source in sources
        for index in range(len(source))
        for number in range(options.crops)
    ]
    random.Random(options.seed).shuffle(jobs)
    return jobs


def _encode_jobs(
    jobs: Sequence[CropJob], backbone: Backbone, options: EncodeOptions
) -> list[EncodedFrame]:
    """Encode crops; unreadable images are logged and left out."""
    frames = []
    for job in jobs:
        try:
            crop = job.read()
        except FrameError as error:
            job.source.skip(job.source.frame_name(job.index), str(error))
            continue
        teacher = backbone(crop, options.grid_size * backbone.stride)
        if teacher.attention is None:
            raise ConfigError(
                f"backbone {backbone.name}: has no CLS attention, which the student learns; choose a "
                "ViT with a CLS token"
            )
        side = options.grid_size * STRIDE
        shrinks = crop.shape[0] > side
        interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        image = np.asarray(cv2.resize(crop, (side, side), interpolation=interpolation), np.uint8)
        name = f"{job.source.frame_name(job.index)}#{job.number}"
        frames.append(EncodedFrame(image, name=name, teacher=teacher))
    return frames


def _projection(folder: Path, frames: Sequence[EncodedFrame]) -> Projection:
    """Return the projection of a folder, which is fitted to the first shard."""
    if not is_encoded(folder):
        grids = [frame.teacher.grid for frame in frames if frame.teacher]
        points = np.concatenate([grid.reshape(-1, grid.shape[2]) for grid in grids])
        Projection.fit(torch.from_numpy(points)).save(folder)
    return Projection.load(folder)
