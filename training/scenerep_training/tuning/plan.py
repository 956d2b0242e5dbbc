"""Plan of a run: what fits into its time, and a forecast before it starts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from scenerep_ros.config.constants import tuned
from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.ops.working_grid import working_grid_step
from scenerep_ros.sources.base import Source
from scenerep_training.agreement.samples import draw_samples
from scenerep_training.evaluation.probes.speed_probe import status_bytes
from scenerep_training.tuning.blocks import BLOCK_COUNT
from scenerep_training.tuning.codebook import MAX_POINTS
from scenerep_training.tuning.gate import CodebookGate, build_mask_segmenter
from scenerep_training.tuning.network import RESOLUTION, Network


@dataclass(frozen=True)
class PlanConstants:
    """Tuned constants of a plan."""

    gate_share: float = tuned(
        0.25, "largest share of the time for the gate", set_on="argument: it only measures"
    )
    max_gate_pairs: int = tuned(
        24, "pairs above which the gate gains little", set_on="argument: 48 frames"
    )
    min_gate_pairs: int = tuned(
        BLOCK_COUNT, "fewest pairs of the gate, however short the time", set_on="one of each block"
    )
    max_frames: int = tuned(
        200, "frames above which a codebook gains little", set_on="argument: 150 patches of each"
    )
    min_frames: int = tuned(8, "fewest frames of a codebook", set_on="argument: 5,000 patches")
    clustering_s: float = tuned(
        30.0,
        "time for all codebooks and their verdicts",
        unit="s",
        set_on="19 s of CPU for two, 7-Scenes kitchen",
    )


CONSTANTS = PlanConstants()


@dataclass(frozen=True)
class Plan:
    """Extent of a run, from the time that one pair of frames took.

    Attributes:
        minutes: time of the whole run [min].
        elapsed_s: time that has passed already [s].
        pair_s: time of a pair for the gate: reading, references, network and scores [s].
        frame_s: time of a frame for the codebook: reading and network [s].
        gate_pairs: number of held-back pairs.
        frames: number of frames for the codebook.
        memory_bytes: largest memory of the process [byte].
    """

    minutes: float
    elapsed_s: float
    pair_s: float
    frame_s: float
    gate_pairs: int
    frames: int
    memory_bytes: int

    def describe(self) -> str:
        """Return the forecast as a sentence."""
        parts = {
            f"{self.gate_pairs} pairs for the gate": self.gate_pairs * self.pair_s,
            f"{self.frames} frames for the codebook": self.frames * self.frame_s,
            "clustering": CONSTANTS.clustering_s,
        }
        total_min = (self.elapsed_s + sum(parts.values())) / 60
        text = ", ".join(f"{name} {seconds / 60:.1f} min" for name, seconds in parts.items())
        memory = f"{self.memory_bytes / 1e9:.1f} GB of memory"
        text = f"forecast: {text}; {total_min:.1f} min in all; {memory}"
        is_late = total_min > self.minutes
        return f"{text}, more than the {self.minutes:g} min of --minutes" if is_late else text


def make_plan(net: Network, sources: Sequence[Source], minutes: float, start_s: float) -> Plan:
    """Plan a run.

    The gate gets as many pairs as fit into its share of the time, the codebook as many frames as fit
    into the rest.

    Args:
        net: network.
        sources: recordings.
        minutes: time of the whole run [min].
        start_s: start of the run by `time.monotonic` [s].
    """
    costs = measure_costs(net, max(sources, key=len))
    elapsed_s = time.monotonic() - start_s
    gate_pairs = _clip(
        CONSTANTS.gate_share * 60 * minutes / costs.pair_s,
        CONSTANTS.min_gate_pairs,
        CONSTANTS.max_gate_pairs,
    )
    rest_s = 60 * minutes - elapsed_s - gate_pairs * costs.pair_s - CONSTANTS.clustering_s
    available = sum(len(source) for source in sources)
    frames = min(
        _clip(rest_s / costs.frame_s, CONSTANTS.min_frames, CONSTANTS.max_frames), available
    )
    memory_bytes = status_bytes("VmRSS") + forecast_growth(costs, gate_pairs, frames)
    return Plan(minutes, elapsed_s, costs.pair_s, costs.frame_s, gate_pairs, frames, memory_bytes)


@dataclass(frozen=True)
class Costs:
    """Cost of a frame.

    Attributes:
        pair_s: time of a pair for the gate: reading, references, masks, network and scores [s].
        frame_s: time of a frame for the codebook: reading and network [s].
        patches: patches of the feature grid.
        channels: channels of a feature.
        pixels: pixels of the working grid.
    """

    pair_s: float
    frame_s: float
    patches: int
    channels: int
    pixels: int


def forecast_growth(costs: Costs, gate_pairs: int, frames: int) -> int:
    """Forecast how much the memory grows during a run [byte].

    A frame of the codebook is kept in float16; a frame of the gate in float32 with two int32 references.
    K-Means holds its points four times in float32: as they are, drawn, centered, and projected or
    multiplied.
    """
    codebook = 2 * frames * costs.patches * costs.channels
    gate = 2 * gate_pairs * (4 * costs.patches * costs.channels + 2 * 4 * costs.pixels)
    drawn = min(frames * costs.patches, MAX_POINTS)
    clustering = 4 * costs.channels * (frames * costs.patches + 3 * drawn)
    return codebook + gate + clustering


def measure_costs(net: Network, source: Source) -> Costs:
    """Measure the cost of the frames of a recording, from its first readable one.

    Raises:
        SourceError: if none can be read.
    """
    source = without_unreadable_start(source)
    net.backbone(source.color_frame(0).color, RESOLUTION)  # the first pass allocates memory
    start_s = time.monotonic()
    color = source.color_frame(0).color
    grid = net.backbone(color, RESOLUTION).grid
    frame_s = time.monotonic() - start_s
    gate = CodebookGate(net.backbone, build_mask_segmenter(net.options))
    start_s = time.monotonic()
    for sample in draw_samples(source, 1):
        gate.add(0, sample)
    pair_s = time.monotonic() - start_s
    step = working_grid_step(color.shape[:2])
    pixels = color[::step, ::step, 0].size
    return Costs(pair_s, frame_s, grid.shape[0] * grid.shape[1], grid.shape[2], pixels)


def without_unreadable_start(source: Source) -> Source:
    """Return the part of a recording from its first readable frame.

    Raises:
        SourceError: if there is none.
    """
    for index in range(len(source)):
        try:
            source.color_frame(index)
        except FrameError as error:
            source.skip(source.frame_name(index), str(error))
        else:
            return source.part(index, len(source))
    raise SourceError(f"{source.format_name} {source.name}: none of its frames can be read")


def _clip(value: float, low: int, high: int) -> int:
    return int(min(max(value, low), high))
