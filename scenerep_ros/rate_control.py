"""Target rate: choice of network, runtime, precision and resolution by measuring them at the start."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from statistics import median
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.backbones import Backbone, load_backbone
from scenerep_ros.backbones.runtimes.selection import choose_runtime
from scenerep_ros.backbones.weights.packaged import candidate_backbones
from scenerep_ros.config.constants import tuned
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import ScenerepError
from scenerep_ros.export.folder import accepted_exports

log = logging.getLogger(__name__)

Options = TypeVar("Options", bound=BackboneOptions)
Meter = Callable[[int], float]
"""Function from a resolution to the duration of a forward pass [ms]."""

MEASURED_SIZE = (480, 640, 3)
"""Shape of the image on which the forward pass is measured: a Kinect's."""
MIN_PASSES, MAX_PASSES = 2, 5
"""Smallest and largest number of passes of which the median counts."""
MAX_MEASURING_S = 1.0
"""Time after which no further pass is measured, so that a slow machine starts, too [s]."""


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
        weights: folder of an export that is executed; empty for the weights of the options.
    """

    backbone: str
    runtime: str
    precision: str
    resolution: int
    forward_ms: float
    weights: str = ""

    def apply(self, options: Options) -> Options:
        """Return the options with this network, runtime and precision."""
        names = ("backbone", "runtime", "precision", *(["weights"] if self.weights else []))
        return options.model_copy(update={name: getattr(self, name) for name in names})

    def __str__(self) -> str:
        """Describe the execution in one line."""
        execution = f"export {self.weights}" if self.weights else f"{self.runtime} {self.precision}"
        name = f"{self.backbone.split('.')[0]}, {execution}"
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

    The order of preference: the backbone of the options, then the student; of each, the highest
    resolution that fits, by the fastest runtime, or else by an export with fewer bits whose parity
    report accepts it. Options that differ from `auto`, or from the default backbone, are kept.

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
    for backbone in candidate_backbones(options):
        candidates = [
            _fastest_runtime(options, backbone, open_meter, measured),
            _fastest(options, backbone, _exports(options, backbone), open_meter, measured),
        ]
        fastest_of_groups = [candidate for candidate in candidates if candidate is not None]
        for resolution in resolutions_of(options.resolution):
            for execution, meter in fastest_of_groups:
                if resolution != options.resolution:
                    forward_ms = meter(resolution)
                    execution = replace(execution, resolution=resolution, forward_ms=forward_ms)
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


def _fastest_runtime(
    options: BackboneOptions,
    backbone: str,
    open_meter: Callable[[BackboneOptions], Meter | None],
    measured: list[Execution],
) -> tuple[Execution, Meter] | None:
    """Return the fastest runtime of a backbone; torch only where no other one executes it.

    On CPUs torch is slower than the others, and its import takes half a gigabyte for good.
    """
    fastest = _fastest(options, backbone, _runtimes(options), open_meter, measured)
    if fastest is None and options.runtime == "auto":
        torch = {"runtime": "torch", "precision": options.precision}
        fastest = _fastest(options, backbone, [torch], open_meter, measured)
    return fastest


def _fastest(
    options: BackboneOptions,
    backbone: str,
    updates: Iterable[dict[str, str]],
    open_meter: Callable[[BackboneOptions], Meter | None],
    measured: list[Execution],
) -> tuple[Execution, Meter] | None:
    """Return the fastest of several updates of the options, at their resolution; None if none runs."""
    best: tuple[Execution, Meter] | None = None
    for update in updates:
        meter = open_meter(options.model_copy(update={"backbone": backbone, **update}))
        if meter is None:
            continue
        forward_ms = meter(options.resolution)
        execution = Execution(
            backbone, resolution=options.resolution, forward_ms=forward_ms, **update
        )
        measured.append(execution)
        if best is None or forward_ms < best[0].forward_ms:
            best = execution, meter
    return best


def _exports(options: BackboneOptions, backbone: str) -> Iterator[dict[str, str]]:
    """Yield the accepted exports of a backbone in the cache, unless a runtime or precision is named."""
    if options.runtime != "auto" or options.precision != "auto":
        return
    for folder in accepted_exports(options.model_copy(update={"backbone": backbone})):
        yield {"runtime": "auto", "precision": "auto", "weights": str(folder)}


def _runtimes(options: BackboneOptions) -> Iterator[dict[str, str]]:
    """Yield the runtimes and precisions that the options allow and that are installed."""
    first, device = choose_runtime(options)
    yield {"runtime": first, "precision": options.precision}
    has_alternative = first != "onnxruntime" and device == "cpu" and find_spec("onnxruntime")
    # An export of random weights, which differ at each start, has no use.
    if has_alternative and options.runtime == "auto" and options.weights != "random":
        yield {"runtime": "onnxruntime", "precision": options.precision}


def open_forward_pass(options: BackboneOptions) -> Meter | None:
    """Load a backbone and return a function that measures it; None, with a log entry, if it cannot run."""
    try:
        backbone = load_backbone(options)
    except ScenerepError as error:
        log.info("left out: %s", error)
        return None
    image = np.random.default_rng(0).integers(0, 256, MEASURED_SIZE, dtype=np.uint8)

    def measure(resolution: int) -> float:
        _measure_pass(backbone, image, resolution)  # compiles, and fills caches
        times: list[float] = []
        while len(times) < MIN_PASSES or (len(times) < MAX_PASSES and sum(times) < MAX_MEASURING_S):
            times.append(_measure_pass(backbone, image, resolution))
        return median(times) * 1e3

    return measure


def _measure_pass(backbone: Backbone, image: NDArray[np.uint8], resolution: int) -> float:
    """Return the duration of one forward pass [s]."""
    start_s = time.perf_counter()
    backbone(image, resolution)
    return time.perf_counter() - start_s
