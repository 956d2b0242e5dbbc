"""Steps, and pairs per step, that fit into a given time and into this machine."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scenerep_ros.config.constants import tuned
from scenerep_ros.errors import ConfigError
from scenerep_training.config.options import TrainingOptions
from scenerep_training.engine.run import DeviceMemoryError, RunConfig, run_training
from scenerep_training.engine.run_folder import SETTINGS_NAME, STEPS, read_json
from scenerep_training.monitoring.step_profiler import WARM_UP_BATCHES

log = logging.getLogger(__name__)

MEASURED_STEPS = 3
BATCH_SIZE = "batch_size"
"""Option that is fitted to the machine, unless the user sets it."""


@dataclass(frozen=True)
class DurationConstants:
    """Tuned constants of the number of steps."""

    min_steps: int = tuned(
        200,
        "steps below which a smaller batch serves better",
        set_on="argument: a tenth of them warms up, and a momentum of 0.99 forgets in 100",
    )
    min_batch_size: int = tuned(
        8, "pairs below which batch statistics are chance", set_on="the collapse study at 8 pairs"
    )


CONSTANTS = DurationConstants()


def with_duration(config: RunConfig, minutes: float, like: Path | None = None) -> RunConfig:
    """Return a configuration whose steps take a given time.

    A few steps are run in a temporary folder and measured. If the user does not set the batch size, it
    is halved until it fits into the memory of the device and leaves enough steps; the learning rate is
    scaled with it. A run that exists already keeps its steps and its batch size, so that it can be resumed.

    Args:
        config: configuration of the run.
        minutes: time of the steps [min], without loading, previews and the gate.
        like: folder of a run whose steps and batch size are taken, if it exists.

    Raises:
        ConfigError: if the time is too short for one step, or several processes would measure.
        DeviceMemoryError: if a batch that the user sets, or the smallest, exceeds the memory.
        ScenerepError: as `run_training`.
    """
    if config.options.world_size > 1:
        raise ConfigError("--minutes measures one process; give --max-steps for several")
    stored = _stored_options(config.folder) or (_stored_options(like) if like else {})
    if stored:
        fitted = (STEPS,) if _is_batch_set(config.options) else (STEPS, BATCH_SIZE)
        return _with_options(config, {name: stored[name] for name in fitted})
    sizes = batch_sizes(config.options)
    sizes, step_s = _fit_memory(config, sizes)
    size, step_s = _fit_time(sizes, step_s, 60 * minutes)
    steps = int(60 * minutes / step_s)
    if steps < 1:
        raise ConfigError(
            f"--minutes {minutes:g}: too short for one step, which takes {step_s:.0f} s"
        )
    log.info("%d pairs take %.2f s: %d steps in %g min", size, step_s, steps, minutes)
    return _with_options(config, {STEPS: steps, BATCH_SIZE: size})


def batch_sizes(options: TrainingOptions) -> list[int]:
    """Return the batch sizes that a run may have, the largest first: one if the user sets it."""
    sizes = [options.batch_size]
    if _is_batch_set(options):
        return sizes
    smallest = CONSTANTS.min_batch_size * options.accumulate
    while sizes[-1] % (2 * options.accumulate) == 0 and sizes[-1] // 2 >= smallest:
        sizes.append(sizes[-1] // 2)
    return sizes


def _is_batch_set(options: TrainingOptions) -> bool:
    return BATCH_SIZE in options.model_fields_set


def _fit_memory(config: RunConfig, sizes: list[int]) -> tuple[list[int], float]:
    """Return the sizes that the device holds, and the time of a step of the largest [s]."""
    try:
        return sizes, measure_step_s(_with_options(config, {BATCH_SIZE: sizes[0]}))
    except DeviceMemoryError:
        if len(sizes) == 1:
            raise
    return _fit_memory(config, sizes[1:])


def _fit_time(sizes: list[int], step_s: float, time_s: float) -> tuple[int, float]:
    """Return the largest size that leaves enough steps, else the smallest, and its time [s].

    The time of a step is taken as proportional to its pairs.
    """
    for size in sizes:
        size_s = step_s * size / sizes[0]
        if time_s / size_s >= CONSTANTS.min_steps:
            break
    return size, size_s


def _stored_options(folder: Path) -> dict[str, Any]:
    """Return the options of the run in a folder; empty if it holds none."""
    path = folder / SETTINGS_NAME
    return dict(read_json(path)["options"]) if path.exists() else {}


def _with_options(config: RunConfig, changes: dict[str, Any]) -> RunConfig:
    return replace(config, options=config.options.model_copy(update=changes))


def measure_step_s(config: RunConfig) -> float:
    """Run the first steps in a temporary folder and return the mean time of a step [s]."""
    steps = WARM_UP_BATCHES + MEASURED_STEPS
    changes = {STEPS: steps, "checkpoint_every": steps, "preview_every": 0, "gate": False}
    options = config.options.model_copy(update=changes)
    with tempfile.TemporaryDirectory(prefix="scenerep-") as folder:
        trial = replace(config, options=options, folder=Path(folder), profile=True)
        outcome = run_training(trial)
    if outcome.exit_code:
        raise KeyboardInterrupt
    return outcome.batch_s * config.options.accumulate
