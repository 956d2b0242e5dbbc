"""Target rate: choice of network, runtime, precision and resolution, and its adaptation under load.

At the start the forward pass is measured on this machine. While frames are processed, the resolution
follows the load: it falls at once if frames take longer than the period, and rises only after the next
higher one would have fit for a while. A rise that fails doubles that while, so that it cannot
oscillate.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from statistics import median
from typing import TypeVar

import numpy as np

from scenerep_ros.backbones import load_backbone
from scenerep_ros.backbones.packaged_weights import STUDENT
from scenerep_ros.backbones.runtimes.selection import choose_runtime
from scenerep_ros.config.constants import tuned
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import ScenerepError

log = logging.getLogger(__name__)

Options = TypeVar("Options", bound=BackboneOptions)
Meter = Callable[[int], float]
"""Function from a resolution to the duration of a forward pass [ms]."""

MEASURED_SIZE = (480, 640, 3)
"""Shape of the image on which the forward pass is measured: a Kinect's."""
WARM_UP_PASSES, MEASURED_PASSES = 2, 5
"""Passes that compile and fill caches, and passes of which the median counts."""


@dataclass(frozen=True)
class RateConstants:
    """Tuned constants of the target rate."""

    forward_share: float = tuned(
        0.6,
        "share of the period that the forward pass may take at the start",
        set_on="argument: segmentation and tracking follow it, and need the rest",
    )
    scales: tuple[float, ...] = tuned(
        (1.0, 0.82, 0.64, 0.5),
        "resolutions to choose from, relative to the option",
        set_on="argument: each step saves a third of the patches",
    )
    window_frames: int = tuned(
        15,
        "number of frames whose median duration is compared with the period",
        set_on="argument: half a second of a camera",
    )
    settling_frames: int = tuned(
        3,
        "number of frames after a change that are not counted, as the first one compiles",
        set_on="argument: compilation, and its neighbors",
    )
    max_raised_share: float = tuned(
        0.85,
        "share of the period that frames may take at a higher resolution, as predicted from the "
        "number of patches",
        set_on="argument: noise of a shared machine",
    )
    hold_s: float = tuned(
        10.0,
        "time for which a higher resolution must fit before it is used",
        unit="s",
        set_on="argument: other programs are busy for seconds",
    )
    max_hold_s: float = tuned(
        160.0, "longest such time after failed rises", unit="s", set_on="argument: a few minutes"
    )


CONSTANTS = RateConstants()


@dataclass(frozen=True)
class Execution:
    """Network, its execution, and the measured duration of a forward pass.

    Attributes:
        backbone: name of the backbone.
        runtime: value of the option.
        precision: value of the option.
        resolution: shorter side of the network input [px].
        forward_ms: median duration [ms].
    """

    backbone: str
    runtime: str
    precision: str
    resolution: int
    forward_ms: float

    def apply(self, options: Options) -> Options:
        """Return the options with this network, runtime and precision."""
        names = ("backbone", "runtime", "precision")
        return options.model_copy(update={name: getattr(self, name) for name in names})

    def __str__(self) -> str:
        """Describe the execution in one line."""
        name = f"{self.backbone.split('.')[0]}, {self.runtime} {self.precision}"
        return f"{name}, {self.resolution} px: {self.forward_ms:.1f} ms"


@dataclass(frozen=True)
class RateChoice:
    """Result of the measurement at the start.

    Attributes:
        execution: what was chosen.
        is_sufficient: False if nothing is fast enough; the fastest is chosen then.
        measured: all measured executions.
    """

    execution: Execution
    is_sufficient: bool
    measured: tuple[Execution, ...]

    def describe(self, target_rate: float) -> str:
        """State the choice and its reason in one line."""
        budget_ms = CONSTANTS.forward_share * 1e3 / target_rate
        verdict = "chosen" if self.is_sufficient else "the fastest, but too slow"
        others = "; ".join(str(item) for item in self.measured if item != self.execution)
        text = (
            f"target rate {target_rate:g} Hz, {budget_ms:.1f} ms for the forward pass: {verdict} "
        )
        return f"{text}{self.execution}" + (f" (measured, too: {others})" if others else "")


def choose_execution(
    options: BackboneOptions, open_meter: Callable[[BackboneOptions], Meter | None] | None = None
) -> RateChoice:
    """Choose the best execution whose forward pass fits the target rate.

    The order of preference: the backbone of the options, then the student; of each, the fastest
    runtime and precision, and the highest resolution that fits. Options that differ from `auto`, or
    from the default backbone, are kept.

    Args:
        options: options with a `target_rate` above 0.
        open_meter: returns a function that measures the forward pass of options; None if they cannot
            run. Default: `open_forward_pass`.

    Raises:
        ScenerepError: if no execution runs, that of the options.
    """
    open_meter = open_meter or open_forward_pass
    budget_ms = CONSTANTS.forward_share * 1e3 / options.target_rate
    measured: list[Execution] = []
    for backbone in _backbones(options):
        execution, meter = _fastest(options, backbone, open_meter, measured)
        if execution is None or meter is None:
            continue
        for resolution in resolutions_of(options.resolution):
            if resolution != options.resolution:
                execution = replace(execution, resolution=resolution, forward_ms=meter(resolution))
                measured.append(execution)
            if execution.forward_ms <= budget_ms:
                return RateChoice(execution, True, tuple(measured))
    if not measured:
        load_backbone(options)  # raises the reason
        raise ScenerepError("target_rate: no backbone could be measured; set target_rate to 0")
    fastest = min(measured, key=lambda item: item.forward_ms)
    return RateChoice(fastest, False, tuple(measured))


def resolutions_of(resolution: int) -> tuple[int, ...]:
    """Return the resolutions to choose from, highest first [px].

    >>> resolutions_of(308)
    (308, 253, 197, 154)
    """
    lowest = BackboneOptions.model_fields["resolution"].metadata[0].ge
    sizes = [max(lowest, round(resolution * scale)) for scale in CONSTANTS.scales]
    return tuple(dict.fromkeys(sizes))


def _backbones(options: BackboneOptions) -> list[str]:
    """Return the backbones that may be chosen, best first."""
    is_default = options.backbone == BackboneOptions.model_fields["backbone"].default
    may_change = is_default and options.weights == "auto"
    return [options.backbone, STUDENT] if may_change else [options.backbone]


def _fastest(
    options: BackboneOptions,
    backbone: str,
    open_meter: Callable[[BackboneOptions], Meter | None],
    measured: list[Execution],
) -> tuple[Execution | None, Meter | None]:
    """Return the fastest runtime and precision of a backbone, at the resolution of the options."""
    best: tuple[Execution | None, Meter | None] = (None, None)
    for runtime, precision in _runtimes(options):
        update = {"backbone": backbone, "runtime": runtime, "precision": precision}
        meter = open_meter(options.model_copy(update=update))
        if meter is None:
            continue
        forward_ms = meter(options.resolution)
        execution = Execution(backbone, runtime, precision, options.resolution, forward_ms)
        measured.append(execution)
        if best[0] is None or forward_ms < best[0].forward_ms:
            best = execution, meter
    return best


def _runtimes(options: BackboneOptions) -> Iterator[tuple[str, str]]:
    """Yield the runtimes and precisions that the options allow and that are installed."""
    first, device = choose_runtime(options)
    runtimes = [first]
    if options.runtime == "auto":
        runtimes += [name for name in ("onnxruntime", "torch") if name != first]
    for runtime in runtimes:
        if runtime == "onnxruntime" and (device.type != "cpu" or not find_spec(runtime)):
            continue
        yield runtime, options.precision


def open_forward_pass(options: BackboneOptions) -> Meter | None:
    """Load a backbone and return a function that measures it; None, with a log entry, if it cannot run."""
    try:
        backbone = load_backbone(options)
    except ScenerepError as error:
        log.info("left out: %s", error)
        return None
    image = np.random.default_rng(0).integers(0, 256, MEASURED_SIZE, dtype=np.uint8)

    def measure(resolution: int) -> float:
        times = []
        for _ in range(WARM_UP_PASSES + MEASURED_PASSES):
            start = time.perf_counter()
            backbone(image, resolution).grid.sum().item()  # waits for the device
            times.append((time.perf_counter() - start) * 1e3)
        return median(times[WARM_UP_PASSES:])

    return measure


class ResolutionControl:
    """Resolution that keeps a target rate under a changing load.

    Args:
        target_rate: frames a second.
        resolution: highest resolution [px].
        start: resolution at the start [px]; None for the highest.

    Attributes:
        resolution: current resolution [px].
    """

    def __init__(self, target_rate: float, resolution: int, start: int | None = None) -> None:
        self._period_ms = 1e3 / target_rate
        self._resolutions = resolutions_of(resolution)
        self.resolution = start if start in self._resolutions else resolution
        self._durations: deque[float] = deque(maxlen=CONSTANTS.window_frames)
        self._ignored_frames = CONSTANTS.settling_frames
        self._hold_s = CONSTANTS.hold_s
        self._fits_since_s: float | None = None
        self._raised_at_s: float | None = None

    @property
    def is_reduced(self) -> bool:
        """True while the resolution is below the highest one."""
        return self.resolution < self._resolutions[0]

    def update(self, frame_ms: float, now_s: float) -> bool:
        """Add the duration of a frame; return True if the resolution changed.

        Args:
            frame_ms: time that the frame took [ms].
            now_s: current time [s], of any origin.
        """
        if self._ignored_frames:
            self._ignored_frames -= 1
            return False
        self._durations.append(frame_ms)
        if len(self._durations) < CONSTANTS.window_frames:
            return False
        duration = median(self._durations)
        index = self._resolutions.index(self.resolution)
        if duration > self._period_ms and index + 1 < len(self._resolutions):
            self._lower(index, now_s)
            return True
        if index and self._would_fit(index, duration, now_s):
            self._change(self._resolutions[index - 1])
            self._raised_at_s = now_s
            return True
        return False

    def _lower(self, index: int, now_s: float) -> None:
        """Take the next lower resolution; if the last rise failed, wait longer before the next one."""
        if self._raised_at_s is not None and now_s - self._raised_at_s < self._hold_s:
            self._hold_s = min(2 * self._hold_s, CONSTANTS.max_hold_s)
        self._raised_at_s = None
        self._change(self._resolutions[index + 1])

    def _would_fit(self, index: int, duration: float, now_s: float) -> bool:
        """Return True if frames at the next higher resolution would have fit for long enough."""
        patches = (self._resolutions[index - 1] / self.resolution) ** 2
        if duration * patches > CONSTANTS.max_raised_share * self._period_ms:
            self._fits_since_s = None
            return False
        if self._fits_since_s is None:
            self._fits_since_s = now_s
        return now_s - self._fits_since_s >= self._hold_s

    def _change(self, resolution: int) -> None:
        self.resolution = resolution
        self._durations.clear()
        self._ignored_frames = CONSTANTS.settling_frames
        self._fits_since_s = None
