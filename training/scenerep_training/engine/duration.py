"""Number of steps that fit into a given time on this machine."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import replace
from pathlib import Path

from scenerep_ros.errors import ConfigError
from scenerep_training.engine.run import RunConfig, run_training
from scenerep_training.engine.run_folder import SETTINGS_NAME, STEPS, read_json
from scenerep_training.monitoring.step_profiler import WARM_UP_BATCHES

log = logging.getLogger(__name__)

MEASURED_STEPS = 3


def with_duration(config: RunConfig, minutes: float) -> RunConfig:
    """Return a configuration whose steps take a given time.

    A few steps are run in a temporary folder and measured. A run that exists already keeps its number
    of steps, so that it can be resumed.

    Args:
        config: configuration of the run.
        minutes: time of the steps [min], without loading, previews and the gate.

    Raises:
        ConfigError: if the time is too short for one step, or several processes would measure.
        ScenerepError: as `run_training`.
    """
    if config.options.world_size > 1:
        raise ConfigError("--minutes measures one process; give --max-steps for several")
    steps = stored_steps(config.folder)
    if not steps:
        step_s = measure_step_s(config)
        steps = int(60 * minutes / step_s)
        log.info("a step takes %.2f s: %d steps in %g min", step_s, steps, minutes)
    if steps < 1:
        raise ConfigError(
            f"--minutes {minutes:g}: too short for one step, which takes {step_s:.0f} s"
        )
    return replace(config, options=config.options.model_copy(update={STEPS: steps}))


def stored_steps(folder: Path) -> int:
    """Return the number of steps of the run in a folder; 0 if it holds none."""
    path = folder / SETTINGS_NAME
    return int(read_json(path)["options"][STEPS]) if path.exists() else 0


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
