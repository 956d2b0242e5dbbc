"""One run, from a plan to a checkpoint: the way of training, short enough to read in one sitting."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, Trainer, seed_everything
from lightning.pytorch.callbacks import LearningRateMonitor
from torch.utils.data import DataLoader
from tqdm import tqdm

from scenerep_ros.errors import ScenerepError
from scenerep_ros.frames import RGBDFrame
from scenerep_training.config.options import TrainingOptions
from scenerep_training.data.held_back import hold_back
from scenerep_training.data.recordings import Recordings, open_recordings
from scenerep_training.engine.loader import make_loader
from scenerep_training.engine.run_folder import COMMAND, claim
from scenerep_training.engine.seeding import StepSeeds
from scenerep_training.engine.state import STATE_NAME, StateKeeper
from scenerep_training.engine.stopping import StopSignals
from scenerep_training.engine.trainer import first_step_of, make_trainer
from scenerep_training.methods.base import Method
from scenerep_training.methods.registry import METHODS
from scenerep_training.monitoring.collapse_guard import CollapseGuard
from scenerep_training.monitoring.pictures import Pictures
from scenerep_training.monitoring.progress import Progress
from scenerep_training.monitoring.step_clock import StepClock
from scenerep_training.networks.encoder import make_encoder

HELD_BACK = 4
"""Frames that are never trained on, for the pictures."""


@dataclass(frozen=True)
class Plan:
    """What a user asks for.

    Attributes:
        method: its name.
        options: of that method.
        data: recordings.
        weights: how often each is drawn, or None.
        folder: of the run.
        command: as typed.
        profile: whether to measure where the time goes.
    """

    method: str
    options: TrainingOptions
    data: tuple[Path, ...]
    weights: tuple[float, ...] | None
    folder: Path
    command: str = ""
    profile: bool = False

    def settings(self) -> dict[str, Any]:
        """What must be the same when the run goes on, and the command."""
        return {
            "method": self.method,
            "options": self.options.model_dump(),
            "data": [str(path.resolve()) for path in self.data],
            "data_weights": self.weights and list(self.weights),
            COMMAND: self.command,
        }


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        message: for the user; empty where another process speaks.
        exit_code: of the process: 0, or 128 and the number of the signal that stopped it.
    """

    message: str = ""
    exit_code: int = 0


def run_training(plan: Plan) -> Outcome:
    """Train as planned, or go on where the folder's run was stopped.

    Raises:
        ConfigError, SourceError, WeightsError: if the plan cannot work.
        CollapseError: if the features stop depending on the images.
        ScenerepError: if the disk is full; the last state saved stays.
    """
    claim(plan.folder, plan.settings())
    done = first_step_of(plan.folder / STATE_NAME)
    if done >= plan.options.max_steps:
        return Outcome(f"{plan.folder}: this run is done; name another --output for a new one")
    opened = open_recordings(plan.data, plan.weights, plan.options.odometry)
    recordings, held_back = hold_back(opened, HELD_BACK)
    method = make_method(plan, recordings)
    stop, clock = StopSignals(), StepClock()
    watchers = [stop, *make_watchers(plan, held_back)]
    if plan.profile:
        watchers = [clock, *watchers, clock.after]
    trainer = make_trainer(plan.options, plan.folder, watchers, done)
    loader = make_loader(method, recordings, lambda: (trainer.global_step, trainer.global_rank))
    fit(trainer, method, loader, plan.folder / STATE_NAME if done else None)
    return outcome(plan, stop.received, clock) if trainer.is_global_zero else Outcome()


def make_watchers(plan: Plan, held_back: Sequence[RGBDFrame]) -> list[Callback]:
    """Build the callbacks of a run, in the order in which they are called."""
    options = plan.options
    return [
        StepSeeds(options.seed),
        CollapseGuard(options.log_every),
        StateKeeper(plan.folder, options.checkpoint_every, plan.settings()),
        Pictures(plan.folder / "pictures", held_back, options.pictures_every),
        LearningRateMonitor(logging_interval="step"),
        Progress(),
    ]


def fit(trainer: Trainer, method: Method, loader: DataLoader[Any], state: Path | None) -> None:
    """Train, from a state if there is one.

    Raises:
        ScenerepError: as `run_training`.
    """
    try:
        trainer.fit(method, loader, ckpt_path=state, weights_only=True)
    except ScenerepError as error:
        # A worker's error comes with its traceback; the last line is what it said.
        raise type(error)(str(error).strip().splitlines()[-1].removeprefix(_name(error))) from error


def make_method(plan: Plan, recordings: Recordings) -> Method:
    """Build the method with its first weights, and let it prepare itself.

    Raises:
        ConfigError, WeightsError: if a network cannot be built.
    """
    options, kind = plan.options, METHODS[plan.method]
    seed_everything(options.seed, verbose=False)
    encoder = make_encoder(options.backbone, options.init, options.stage, options.frozen_norms)
    method = kind(options, encoder)
    frames, total = recordings.color_frames(), sum(map(len, recordings.sources))
    method.prepare(tqdm(frames, "preparing", total, unit="frame", leave=False, delay=1))
    return method


def outcome(plan: Plan, received: signal.Signals | None, clock: StepClock) -> Outcome:
    """Say how the run ended."""
    times = f"\n{clock.text()}" if plan.profile else ""
    if received is None:
        return Outcome(f"written to {plan.folder}{times}")
    again = f"{received.name}: state saved in {plan.folder}; call again to go on"
    return Outcome(again + times, 128 + received)


def _name(error: ScenerepError) -> str:
    return f"{type(error).__module__}.{type(error).__name__}: "
