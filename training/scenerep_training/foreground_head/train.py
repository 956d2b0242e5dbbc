"""Training of the foreground head: `python -m scenerep_training.foreground_head.train`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sized
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import adaptive_avg_pool2d, binary_cross_entropy_with_logits
from tqdm import tqdm

from scenerep_ros import PipelineConfig, open_source
from scenerep_ros.backbones import Backbone, load_backbone
from scenerep_ros.backbones.weights.checkpoint import ModelCard, save_checkpoint
from scenerep_ros.cli.exit_code import exit_code
from scenerep_ros.clustering.feature_points import feature_points
from scenerep_ros.frames import KINECT, Features, RGBDFrame
from scenerep_ros.geometry import deproject
from scenerep_ros.segmentation.rgb.saliency import (
    diffuse_attention,
    foreground_mask,
    foreground_probability,
)
from scenerep_training.foreground_head.bounding_planes import detect_bounding_planes

Mask = NDArray[np.bool_]
POINT_STEP = 4  # constant: pixels between the points that planes are fitted to


class Samples(NamedTuple):
    """Patches of many images: features (N, C), targets (N,) in 0..1, mean feature of each image."""

    points: torch.Tensor
    targets: torch.Tensor
    scenes: torch.Tensor


def main(argv: list[str] | None = None) -> int:
    """Train a head on images of objects and on RGB-D frames of rooms.

    Returns:
        Exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
    """
    parser = argparse.ArgumentParser(description=(main.__doc__ or "").split("\n")[0])
    parser.add_argument("--objects", type=Path, required=True, help="folder of images of objects")
    parser.add_argument("--rooms", type=Path, required=True, help="RGB-D recording of rooms")
    parser.add_argument("--weights", default="auto", help="weights of the backbone")
    parser.add_argument("--backbone", default=PipelineConfig().backbone, help="timm ViT")
    parser.add_argument("--resolution", type=int, default=224, help="shorter side [px]")
    parser.add_argument("--out", type=Path, required=True, help="folder of the head")
    args = parser.parse_args(argv)
    return exit_code("foreground_head.train", lambda: train(args))


def train(args: argparse.Namespace) -> int:
    """Train a head, and write it; returns the exit code."""
    backbone = load_backbone(PipelineConfig(backbone=args.backbone, weights=args.weights))
    objects = collect_objects(backbone, open_source(args.objects), args.resolution)
    rooms = collect_rooms(backbone, open_source(args.rooms), args.resolution)
    card = ModelCard(
        architecture=args.backbone,
        mean=(0, 0, 0),
        std=(1, 1, 1),
        resolution=args.resolution,
        origin="linear foreground head, trained without labels on frozen features",
        license="Apache-2.0",
        training={"objects": str(args.objects), "rooms": str(args.rooms)},
    )
    save_checkpoint(args.out, fit_head(objects, rooms), card)
    print(f"written to {args.out}")  # noqa: T201
    return 0


def collect_objects(backbone: Backbone, frames: Iterable[RGBDFrame], resolution: int) -> Samples:
    """Compute features of images and the foreground of their attention."""
    parts = []
    for frame in tqdm(frames, "objects", _count(frames), unit="frame", delay=1):
        features = backbone(frame.color, resolution)
        mask = foreground_mask(foreground_probability(diffuse_attention(features)), frame.color)
        target = _pool(mask, features)
        points = torch.from_numpy(feature_points(features, components=0))
        parts.append((points, target.flatten()))
    return _join(parts)


def collect_rooms(backbone: Backbone, frames: Iterable[RGBDFrame], resolution: int) -> Samples:
    """Compute features of RGB-D frames; targets are 0 on walls, floor and ceiling.

    Patches without depth are left out.
    """
    parts, rng = [], np.random.default_rng(0)
    for frame in tqdm(frames, "rooms", _count(frames), unit="frame", delay=1):
        features = backbone(frame.color, resolution)
        target, is_measured = _furnishing(frame, rng)
        weight, hits = _pool(is_measured, features), _pool(target, features)
        is_valid = (weight > 0).flatten()
        points = torch.from_numpy(feature_points(features, components=0))
        parts.append((points[is_valid], (hits / weight).flatten()[is_valid]))
    return _join(parts)


def _count(frames: Iterable[RGBDFrame]) -> int | None:
    """Return the number of frames of a source, or None."""
    return len(frames) if isinstance(frames, Sized) else None


def _pool(mask: Mask, features: Features) -> torch.Tensor:
    """Compute the share of a mask (H, W) in each patch (h, w)."""
    rows, columns = features.grid.shape[:2]
    return adaptive_avg_pool2d(torch.from_numpy(mask)[None].float(), (rows, columns))[0]


def _furnishing(frame: RGBDFrame, rng: np.random.Generator) -> tuple[Mask, Mask]:
    """Find pixels with depth that lie on no bounding plane, and all pixels with depth."""
    assert frame.depth is not None
    points = deproject(frame.depth, frame.intrinsics or KINECT)[::POINT_STEP, ::POINT_STEP]
    is_measured = np.isfinite(points[..., 2])
    is_furnishing = np.zeros(is_measured.shape, bool)
    measured = points[is_measured].astype(np.float64)
    is_furnishing[is_measured] = ~detect_bounding_planes(measured, rng)
    return is_furnishing, is_measured


def _join(parts: list[tuple[torch.Tensor, torch.Tensor]]) -> Samples:
    points, targets = zip(*parts, strict=True)
    scenes = torch.stack([point.mean(dim=0) for point in points])
    return Samples(torch.cat(points), torch.cat(targets), scenes)


def fit_head(objects: Samples, rooms: Samples, steps: int = 1500) -> dict[str, torch.Tensor]:
    """Fit the three rows of a head by logistic regression.

    Args:
        objects: patches of images of objects.
        rooms: patches of rooms.
        steps: optimizer steps per row.

    Returns:
        weight (3, C) and bias (3,), as `ForegroundHead` takes them.
    """
    scenes = torch.cat([objects.scenes, rooms.scenes])
    is_room = torch.cat([torch.zeros(len(objects.scenes)), torch.ones(len(rooms.scenes))])
    rows = [
        _fit_row(objects.points, objects.targets, steps),
        _fit_row(rooms.points, rooms.targets, steps),
        _fit_row(scenes, is_room, steps),
    ]
    return {
        "weight": torch.stack([row[0] for row in rows]),
        "bias": torch.cat([row[1] for row in rows]),
    }


def _fit_row(
    points: torch.Tensor, targets: torch.Tensor, steps: int, batch_size: int = 2048
) -> tuple[torch.Tensor, torch.Tensor]:
    """Fit one linear function by AdamW; returns its weight (C,) and bias (1,)."""
    torch.manual_seed(0)
    scale = points.shape[1] ** 0.5  # components of unit-length features to a variance of one
    layer = torch.nn.Linear(points.shape[1], 1)
    optimizer = torch.optim.AdamW(layer.parameters(), 1e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        batch = torch.randint(len(points), (batch_size,))
        logits = layer(points[batch] * scale)[:, 0]
        loss = binary_cross_entropy_with_logits(logits, targets[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return layer.weight.detach()[0] * scale, layer.bias.detach()


if __name__ == "__main__":
    sys.exit(main())
