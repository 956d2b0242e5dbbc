"""The command `scenerep-train tune`: from recordings and minutes to a checkpoint."""

from __future__ import annotations

import copy
import logging
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import normalize
from tqdm import tqdm

from scenerep_ros.backbones.base import Backbone
from scenerep_ros.backbones.checkpoint import ModelCard, save_checkpoint
from scenerep_ros.backbones.loading import apply_model_card
from scenerep_ros.backbones.preprocessing import Normalization
from scenerep_ros.backbones.timm_networks import load_network, wrap_network
from scenerep_ros.clustering.codebook import CENTERS, CODEBOOK_FOLDER
from scenerep_ros.config.constants import tuned
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.config.validation import validated
from scenerep_ros.errors import ConfigError
from scenerep_ros.segmentation.rgb.foreground_head import CHECKPOINT_FOLDER, find_head
from scenerep_training.agreement.gate import CONSTANTS as GATE
from scenerep_training.agreement.gate import Gate, Verdict
from scenerep_training.data.held_out import HeldOut, hold_out
from scenerep_training.data.recordings import open_recordings
from scenerep_training.tuning.codebook import fit_codebook
from scenerep_training.tuning.low_rank import LastBlock, apply_update, supports_low_rank
from scenerep_training.tuning.options import TuneOptions
from scenerep_training.tuning.token_cache import MIN_PAIRS, CachedPair, cache_pairs
from scenerep_training.tuning.training import train_block

log = logging.getLogger(__name__)

StateDict = dict[str, torch.Tensor]
RESOLUTION = PipelineConfig().resolution
"""Shorter side of the runtime's network input [px]."""


@dataclass(frozen=True)
class RunConstants:
    """Tuned constants of a tuning run."""

    cache_share: float = tuned(
        0.4, "largest share of the time for caching", set_on="argument: training gets the rest"
    )
    max_cache_bytes: int = tuned(
        2_000_000_000, "largest memory of the cache [bytes]", set_on="argument: a robot's computer"
    )
    rounds: int = tuned(3, "measurements of the gate during training", set_on="speed")


CONSTANTS = RunConstants()


@dataclass(frozen=True)
class Forecast:
    """Expected cost of a run.

    Attributes:
        pairs: pairs to cache.
        frame_s: time of one forward pass [s].
        gate_s: time of one measurement of the gate [s].
        training_s: time of the training of the last block [s]; 0 without.
        cache_bytes: memory of the cache [bytes].
    """

    pairs: int
    frame_s: float
    gate_s: float
    training_s: float
    cache_bytes: int

    def describe(self) -> str:
        """Return the forecast as a sentence."""
        caching_s = 2 * self.pairs * self.frame_s
        total_min = (caching_s + self.training_s + (CONSTANTS.rounds + 1) * self.gate_s) / 60
        return (
            f"forecast: {self.pairs} pairs cached in {caching_s / 60:.1f} min "
            f"({self.cache_bytes / 1e6:.0f} MB), {self.training_s / 60:.1f} min of training, "
            f"{self.gate_s / 60:.1f} min for each of {CONSTANTS.rounds + 1} measurements; "
            f"{total_min:.1f} min in all"
        )


@dataclass(frozen=True)
class Network:
    """Network that is tuned.

    Attributes:
        options: name, stage and device.
        network: timm model, float32 on the CPU.
        normalization: of its input.
    """

    options: PipelineConfig
    network: Any
    normalization: Normalization

    def backbone(self, update: StateDict | None = None) -> tuple[Backbone, Any]:
        """Wrap a copy of the network, with an update of its last block."""
        network = copy.deepcopy(self.network)
        if update:
            apply_update(network, update)
        return wrap_network(self.options, network, self.normalization), network


def tune(data: Sequence[Path], output: Path, options: TuneOptions) -> str:
    """Tune a backbone on recordings, and write the checkpoint.

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
    torch.manual_seed(options.seed)
    net = load(options)
    parts = hold_out(open_recordings(data))
    backbone, network = net.backbone()
    gate = Gate(parts.held_back, PipelineConfig())
    # Measure the start, which gives the time of a forward pass.
    gate_start_s = time.monotonic()
    gate.judge(backbone)
    gate_s = time.monotonic() - gate_start_s
    trains = options.low_rank and supports_low_rank(network)
    forecast = make_forecast(parts, backbone, options.minutes, gate_s, trains)
    print(forecast.describe(), flush=True)  # noqa: T201
    # Cache, train and choose the best step.
    caching_end_s = start_s + 60 * options.minutes * CONSTANTS.cache_share
    tail = network if trains else None
    sources = parts.training.sources
    pairs = cache_pairs(backbone, tail, sources, forecast.pairs, caching_end_s, RESOLUTION)
    if len(pairs) < MIN_PAIRS:
        raise ConfigError(
            f"{len(pairs)} pairs of frames can be cached, {MIN_PAIRS} are needed; record "
            "longer, or raise --minutes"
        )
    update: StateDict = {}
    verdict: Verdict | None = None
    if trains:
        end_s = start_s + 60 * options.minutes - gate_s
        update, verdict = train(net, gate, pairs, end_s, gate_s, options.seed)
    frames = final_features(net, update, pairs)
    centers, stability = fit_codebook(frames, options.clusters, options.seed)
    record = {
        "method": "tune",
        "options": options.model_dump(),
        "data": [str(path) for path in data],
        "gate": verdict.describe() if verdict is not None and update else None,
        "codebook": {"clusters": len(centers), "stability": round(stability, 4)},
    }
    write(output, net, update, centers, record)
    return summarize(output, verdict, len(centers), stability, trains)


def load(options: TuneOptions) -> Network:
    """Load the initial network.

    Raises:
        ConfigError, WeightsError: if it is unknown, or its weights cannot be read.
    """
    values = {name: getattr(options, name) for name in ("backbone", "weights", "device", "stage")}
    config = apply_model_card(validated(PipelineConfig, values))
    network, normalization = load_network(config.backbone, config.weights)
    return Network(config, network, normalization)


def make_forecast(
    parts: HeldOut, backbone: Backbone, minutes: float, gate_s: float, trains: bool
) -> Forecast:
    """Plan the run from the time that the gate took."""
    frame_count = 2 * (
        len(parts.held_back) * max(1, GATE.samples // max(1, len(parts.held_back)))
        + GATE.forgetting_samples
    )
    frame_s = gate_s / max(1, frame_count)
    caching_s = 60 * minutes * CONSTANTS.cache_share
    total = sum(len(source) for source in parts.training.sources)
    patches = (RESOLUTION / backbone.stride) ** 2 * 4 / 3
    channels = backbone(np.zeros((64, 64, 3), np.uint8), 64).grid.shape[2]
    pair_bytes = int(4 * channels * patches * (2 if trains else 1))
    affordable = min(int(caching_s / (2 * frame_s)), CONSTANTS.max_cache_bytes // pair_bytes)
    pairs = max(MIN_PAIRS, min(total, affordable))
    rest_s = 60 * minutes - 2 * pairs * frame_s - (CONSTANTS.rounds + 1) * gate_s
    training_s = max(0.0, rest_s) if trains else 0.0
    return Forecast(pairs, frame_s, gate_s, training_s, pairs * pair_bytes)


def train(
    net: Network,
    gate: Gate,
    pairs: Sequence[CachedPair],
    end_s: float,
    gate_s: float,
    seed: int,
) -> tuple[StateDict, Verdict | None]:
    """Train the last block in rounds, and keep the best measured update.

    Returns:
        The update, empty if none is better than the start, and the verdict on the last or best one.
    """
    block = LastBlock(net.network)
    best: StateDict = {}
    best_verdict: Verdict | None = None
    verdict: Verdict | None = None
    for remaining in range(CONSTANTS.rounds, 0, -1):
        rest_s = end_s - time.monotonic()
        round_end_s = time.monotonic() + (rest_s - remaining * gate_s) / remaining
        losses = list(tqdm(train_block(block, pairs, round_end_s, seed + remaining), "training"))
        if not losses:
            break
        update = block.merged_state()
        verdict = gate.judge(net.backbone(update)[0])
        log.info("%d steps, loss %.4f: %s", len(losses), losses[-1], verdict.describe())
        is_better = verdict.gain > (best_verdict.gain if best_verdict else 0.0)
        if verdict.is_accepted and is_better:
            best, best_verdict = update, verdict
    return best, best_verdict or verdict


def final_features(
    net: Network, update: StateDict, pairs: Sequence[CachedPair]
) -> list[torch.Tensor]:
    """Return the unit-length features (N, C) of the second frames with the chosen update."""
    if not update:
        return [pair.frozen[1] for pair in pairs]
    network = copy.deepcopy(net.network)
    apply_update(network, update)
    block = LastBlock(network)
    with torch.inference_mode():
        tokens = (pair.tokens[1:] for pair in pairs if pair.tokens is not None)
        return [normalize(block(part.float())[0], dim=1) for part in tokens]


def write(
    output: Path, net: Network, update: StateDict, centers: torch.Tensor, record: dict[str, Any]
) -> None:
    """Write network, codebook and foreground head.

    Args:
        output: folder of the checkpoint.
        net: initial network.
        update: weights of its last block; empty for the initial ones.
        centers: (K, C) codebook.
        record: options, data and figures, for the card.
    """
    network = net.network
    if update:
        network = copy.deepcopy(network)
        apply_update(network, update)
    card = ModelCard(
        architecture=net.options.backbone,
        mean=net.normalization.mean,
        std=net.normalization.std,
        stage=net.options.stage,
        resolution=RESOLUTION,
        origin=f"scenerep-train tune, initial weights: {net.options.weights}",
        license="that of the training data and of the initial weights",
        training=record,
    )
    save_checkpoint(output / CODEBOOK_FOLDER, {CENTERS: centers}, card)
    head = find_head(net.options)
    if head is not None:
        shutil.copytree(head, output / CHECKPOINT_FOLDER, dirs_exist_ok=True)
    save_checkpoint(output, network.state_dict(), card)


def summarize(
    output: Path, verdict: Verdict | None, clusters: int, stability: float, trains: bool
) -> str:
    """Return the message at the end of a run."""
    codebook = f"codebook of {clusters} clusters (stability {stability:.2f})"
    if not trains:
        return f"written to {output}: initial weights, {codebook}"
    if verdict is None or verdict.gain <= 0 or not verdict.is_accepted:
        reason = "" if verdict is None else f" ({verdict.describe()})"
        return (
            f"written to {output}: {codebook}, and the initial weights, since no measured step was "
            f"better{reason}"
        )
    return f"written to {output}: tuned weights, {codebook}; {verdict.describe()}"
