"""Plan of a run: what fits into its time, and a forecast before it starts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from scenerep_ros.config.constants import tuned
from scenerep_ros.sources.base import Source
from scenerep_training.agreement.samples import draw_samples
from scenerep_training.data.held_out import HeldOut
from scenerep_training.tuning.network import RESOLUTION, Network


@dataclass(frozen=True)
class PlanConstants:
    """Tuned constants of a plan."""

    gate_share: float = tuned(
        0.25, "largest share of the time for the gate", set_on="argument: it only measures"
    )
    max_gate_pairs: int = tuned(
        24, "held-back pairs above which the gate gains little", set_on="argument: 48 frames"
    )
    min_gate_pairs: int = tuned(
        3, "fewest pairs of the gate, however short the time", set_on="argument: one is chance"
    )
    max_frames: int = tuned(
        200, "frames above which a codebook gains little", set_on="argument: 150 patches of each"
    )
    min_frames: int = tuned(8, "fewest frames of a codebook", set_on="argument: 5,000 patches")
    clustering_s: float = tuned(
        20.0, "time for three codebooks", unit="s", set_on="1.8 s on one core of a quiet machine"
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
    """

    minutes: float
    elapsed_s: float
    pair_s: float
    frame_s: float
    gate_pairs: int
    frames: int

    def describe(self) -> str:
        """Return the forecast as a sentence."""
        parts = {
            f"{self.gate_pairs} held-back pairs for the gate": self.gate_pairs * self.pair_s,
            f"{self.frames} frames for the codebook": self.frames * self.frame_s,
            "clustering": CONSTANTS.clustering_s,
        }
        total_min = (self.elapsed_s + sum(parts.values())) / 60
        text = ", ".join(f"{name} {seconds / 60:.1f} min" for name, seconds in parts.items())
        text = f"forecast: {text}; {total_min:.1f} min in all"
        is_late = total_min > self.minutes
        return f"{text}, more than the {self.minutes:g} min of --minutes" if is_late else text


def make_plan(net: Network, parts: HeldOut, minutes: float, start_s: float) -> Plan:
    """Plan a run.

    The gate gets as many pairs as fit into its share of the time, the codebook as many frames as fit
    into the rest.

    Args:
        net: network.
        parts: training and held-back parts of the recordings.
        minutes: time of the whole run [min].
        start_s: start of the run by `time.monotonic` [s].
    """
    pair_s, frame_s = measure_pair(net, (*parts.held_back, *parts.training.sources))
    elapsed_s = time.monotonic() - start_s
    gate_pairs = _clip(
        CONSTANTS.gate_share * 60 * minutes / pair_s,
        CONSTANTS.min_gate_pairs,
        CONSTANTS.max_gate_pairs,
    )
    rest_s = 60 * minutes - elapsed_s - gate_pairs * pair_s - CONSTANTS.clustering_s
    available = sum(len(source) for source in parts.training.sources)
    frames = _clip(rest_s / frame_s, CONSTANTS.min_frames, CONSTANTS.max_frames)
    return Plan(minutes, elapsed_s, pair_s, frame_s, gate_pairs, min(frames, available))


def measure_pair(net: Network, sources: Sequence[Source]) -> tuple[float, float]:
    """Measure the time of a pair for the gate, and of a frame for the codebook [s]."""
    source = max(sources, key=len)
    net.backbone(source.color_frame(0).color, RESOLUTION)  # the first pass allocates memory
    start_s = time.monotonic()
    frame = source.color_frame(0)
    net.backbone(frame.color, RESOLUTION)
    frame_s = time.monotonic() - start_s
    next(draw_samples(source, 1), None)
    return time.monotonic() - start_s + frame_s, frame_s


def _clip(value: float, low: int, high: int) -> int:
    return int(min(max(value, low), high))
