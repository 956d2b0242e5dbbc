"""The command `scenerep-train tune`: from recordings and minutes to a checkpoint with a codebook."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from scenerep_ros.backbones.weights.checkpoint import ModelCard, save_checkpoint
from scenerep_ros.clustering.codebook import CENTERS, CODEBOOK_FOLDER
from scenerep_ros.clustering.feature_points import feature_points
from scenerep_ros.errors import ConfigError, FrameError
from scenerep_ros.segmentation.rgb.foreground_head import COMPANION_FOLDER, find_head
from scenerep_ros.sources.base import Source
from scenerep_training.agreement.samples import held_back_samples
from scenerep_training.data.recordings import open_recordings
from scenerep_training.tuning.blocks import divide
from scenerep_training.tuning.codebook import fit_codebook, fit_without_each
from scenerep_training.tuning.gate import (
    SEED_COUNT,
    CodebookGate,
    CodebookVerdict,
    build_mask_segmenter,
)
from scenerep_training.tuning.network import RESOLUTION, Network, load
from scenerep_training.tuning.options import TuneOptions
from scenerep_training.tuning.plan import CONSTANTS as PLAN
from scenerep_training.tuning.plan import make_plan

MIN_BLOCKS = 2
"""Fewest blocks with readable frames: one is held back."""
CLUSTER_COUNTS = (5, 8)
"""Numbers of clusters of which the gate selects one."""


@dataclass(frozen=True)
class Codebook:
    """Codebook of the recordings.

    Attributes:
        centers: (K, C) float32.
        stability: adjusted Rand index of the codebooks of both halves.
        verdict: of the gate, with the least favorable seed.
    """

    centers: torch.Tensor
    stability: float
    verdict: CodebookVerdict


def tune(data: Sequence[Path], output: Path, options: TuneOptions) -> str:
    """Compute the codebook of recordings, and write it with its network if it is not worse.

    Args:
        data: recordings.
        output: folder of the checkpoint, which must not hold another one.
        options: backbone, initial weights and time.

    Returns:
        Message for the user.

    Raises:
        ConfigError: if the folder holds a checkpoint, or the recordings are too short.
        SourceError, WeightsError: if recordings or weights cannot be read.
    """
    start_s = time.monotonic()
    if (output / "model.yaml").exists():
        raise ConfigError(f"{output}: holds a checkpoint already; name another --output")
    net, sources = load(options), open_recordings(data).sources
    plan = make_plan(net, sources, options.minutes, start_s)
    print(plan.describe(), flush=True)  # noqa: T201
    blocks = divide(sources)
    gate = build_gate(net, blocks, plan.gate_pairs)
    frames = compute_features(net, blocks, plan.frames)
    counts = (options.clusters,) if options.clusters else CLUSTER_COUNTS
    codebooks = [make_codebook(frames, count, gate, options.seed) for count in counts]
    best = max(codebooks, key=lambda item: item.verdict.lower_bound)
    figures = {len(item.centers): item.verdict.describe() for item in codebooks}
    record = {
        "method": "tune",
        "options": options.model_dump(),
        "data": [str(path) for path in data],
        "codebook": {"stability": round(best.stability, 4), "gate": figures},
    }
    write(output, net, best, record)
    return summarize(output, best, (time.monotonic() - start_s) / 60)


def build_gate(net: Network, blocks: Sequence[Sequence[Source]], pairs: int) -> CodebookGate:
    """Build the gate, with the same number of pairs of frames from each block."""
    gate = CodebookGate(net.backbone, build_mask_segmenter(net.options))
    for index, block in enumerate(tqdm(blocks, "gate", unit="block", delay=1)):
        for sample in held_back_samples(block, pairs // len(blocks)):
            gate.add(index, sample)
    return gate


def compute_features(
    net: Network, blocks: Sequence[Sequence[Source]], count: int
) -> list[list[torch.Tensor]]:
    """Compute the unit-length features (N, C) float16 of frames that are drawn evenly from each block.

    Raises:
        ConfigError: if too few frames can be read.
    """
    per_block = math.ceil(count / len(blocks))
    frames = [
        block_features(net, block, per_block)
        for block in tqdm(blocks, "features", unit="block", delay=1)
    ]
    total = sum(map(len, frames))
    if total < PLAN.min_frames or sum(map(bool, frames)) < MIN_BLOCKS:
        raise ConfigError(
            f"{total} frames can be read, {PLAN.min_frames} are needed; record longer"
        )
    return frames


def block_features(net: Network, sources: Sequence[Source], count: int) -> list[torch.Tensor]:
    """Compute the features of evenly drawn frames of one block; unreadable ones are logged."""
    positions = [(source, index) for source in sources for index in range(len(source))]
    chosen = np.linspace(0, len(positions) - 1, min(count, len(positions))).round().astype(int)
    frames = []
    for source, index in [positions[i] for i in chosen]:
        try:
            color = source.color_frame(index).color
        except FrameError as error:
            source.skip(source.frame_name(index), str(error))
            continue
        frames.append(feature_points(net.backbone(color, RESOLUTION), 0).half().cpu())
    return frames


def make_codebook(
    blocks: Sequence[Sequence[torch.Tensor]], count: int, gate: CodebookGate, seed: int
) -> Codebook:
    """Cluster the patches of all frames; each block judges the codebooks of the others.

    K-Means depends on its seed, so a gain may be luck: the least favorable of several seeds counts.
    """
    centers, stability = fit_codebook([frame for block in blocks for frame in block], count, seed)
    verdicts = [
        gate.judge(fit_without_each(blocks, count, seed + run), run) for run in range(SEED_COUNT)
    ]
    return Codebook(centers, stability, min(verdicts, key=lambda verdict: verdict.lower_bound))


def write(output: Path, net: Network, codebook: Codebook, record: dict[str, Any]) -> None:
    """Write network, foreground head and, if it passes the gate, codebook.

    Args:
        output: folder of the checkpoint.
        net: network.
        codebook: best codebook.
        record: options, data and figures, for the card.
    """
    card = ModelCard(
        architecture=net.options.backbone,
        mean=net.normalization.mean,
        std=net.normalization.std,
        stage=net.options.stage,
        resolution=RESOLUTION,
        origin=f"scenerep-train tune, weights: {net.options.weights}",
        license="that of the weights",
        training=record,
    )
    if codebook.verdict.is_accepted:
        save_checkpoint(output / CODEBOOK_FOLDER, {CENTERS: codebook.centers}, card)
    head = find_head(net.options)
    if head is not None:
        shutil.copytree(head, output / COMPANION_FOLDER, dirs_exist_ok=True)
    save_checkpoint(output, net.network.state_dict(), card)


def summarize(output: Path, codebook: Codebook, minutes: float) -> str:
    """Return the message at the end of a run."""
    verdict = codebook.verdict
    text = f"codebook of {len(codebook.centers)} clusters: {verdict.describe()}"
    if verdict.is_accepted:
        return f"written to {output} in {minutes:.1f} min: {text}"
    return (
        f"written to {output} in {minutes:.1f} min without a codebook: refused, clusters of each frame "
        f"are kept; {text}"
    )
