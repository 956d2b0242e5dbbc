"""Training run, from its configuration to the exported checkpoint."""

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
from scenerep_training.data.held_out import hold_out_frames
from scenerep_training.data.recordings import Recordings, open_recordings
from scenerep_training.engine.loader import build_loader
from scenerep_training.engine.run_folder import COMMAND, claim_run_folder
from scenerep_training.engine.seeding import StepSeeding
from scenerep_training.engine.state import STATE_NAME, StateCheckpoint, read_completed_steps
from scenerep_training.engine.stopping import StopOnSignal
from scenerep_training.engine.trainer import build_trainer
from scenerep_training.methods.base import Method
from scenerep_training.methods.registry import METHODS
from scenerep_training.monitoring.collapse_detector import CollapseDetector
from scenerep_training.monitoring.progress_bar import TrainingProgressBar
from scenerep_training.monitoring.segmentation_preview import SegmentationPreview
from scenerep_training.monitoring.step_profiler import StepProfiler
from scenerep_training.networks.encoder import build_encoder

NUM_HELD_OUT_FRAMES = 4
"""Frames that are excluded from training, for the previews."""
SIGNAL_EXIT_CODE = 128
"""Exit code of a process that a signal ended, minus the number of the signal."""


@dataclass(frozen=True)
class RunConfig:
    """Configuration of a training run.

    Attributes:
        method: name of the method.
        options: options of that method.
        data: paths of the recordings.
        weights: sampling weight of each path; None weights them by their numbers of frames.
        folder: folder of the run.
        command: command line, for the record.
        profile: measure the time of each part of a step.
    """

    method: str
    options: TrainingOptions
    data: tuple[Path, ...]
    weights: tuple[float, ...] | None
    folder: Path
    command: str = ""
    profile: bool = False

    def settings(self) -> dict[str, Any]:
        """Return the settings that must be equal when the run is resumed, and the command."""
        return {
            "method": self.method,
            "options": self.options.model_dump(),
            "data": [str(path.resolve()) for path in self.data],
            "data_weights": self.weights and list(self.weights),
            COMMAND: self.command,
        }


@dataclass(frozen=True)
class RunOutcome:
    """Result of a run for the command line.

    Attributes:
        message: text for the user; empty in all processes but the first.
        exit_code: exit code of the process: 0, or 128 plus the number of the signal that stopped it.
    """

    message: str = ""
    exit_code: int = 0


def run_training(config: RunConfig) -> RunOutcome:
    """Train, or resume the run of the folder.

    Raises:
        ConfigError: if the options contradict each other or the folder holds another run.
        SourceError: if a recording cannot be opened, or too many frames are unreadable.
        WeightsError: if the initial weights or the saved state cannot be read.
        CollapseError: if the features no longer depend on the images.
        ScenerepError: if the disk is full; the last saved state remains.
    """
    claim_run_folder(config.folder, config.settings())
    completed_steps = read_completed_steps(config.folder / STATE_NAME)
    if completed_steps >= config.options.max_steps:
        message = f"{config.folder}: this run is complete; name another --output for a new one"
        return RunOutcome(message)
    # Open the data and hold out the frames for the previews.
    all_recordings = open_recordings(config.data, config.weights, config.options.odometry)
    recordings, held_out = hold_out_frames(all_recordings, NUM_HELD_OUT_FRAMES)
    method = build_method(config, recordings)
    # The profiler starts before and ends after all other callbacks.
    stop, profiler = StopOnSignal(), StepProfiler()
    callbacks = [stop, *build_callbacks(config, held_out)]
    if config.profile:
        callbacks = [profiler, *callbacks, profiler.final_callback]
    # Train, from the saved state if there is one.
    trainer = build_trainer(config.options, config.folder, callbacks, completed_steps)
    loader = build_loader(method, recordings, lambda: (trainer.global_step, trainer.global_rank))
    fit(trainer, method, loader, config.folder / STATE_NAME if completed_steps else None)
    if not trainer.is_global_zero:
        return RunOutcome()
    return describe_outcome(config, stop.received, profiler)


def build_callbacks(config: RunConfig, held_out: Sequence[RGBDFrame]) -> list[Callback]:
    """Build the callbacks of a run, in the order of their calls."""
    options = config.options
    return [
        StepSeeding(options.seed),
        CollapseDetector(options.log_every),
        StateCheckpoint(config.folder, options.checkpoint_every, config.settings()),
        SegmentationPreview(config.folder / "previews", held_out, options.preview_every),
        LearningRateMonitor(logging_interval="step"),
        TrainingProgressBar(config.method),
    ]


def fit(trainer: Trainer, method: Method, loader: DataLoader[Any], state: Path | None) -> None:
    """Train, from a saved state if there is one.

    Raises:
        ScenerepError: as `run_training`.
    """
    try:
        trainer.fit(method, loader, ckpt_path=state, weights_only=True)
    except ScenerepError as error:
        # The error of a worker contains its traceback; the last line is the message.
        message = str(error).strip().splitlines()[-1]
        raise type(error)(message.removeprefix(_type_prefix(error))) from error


def build_method(config: RunConfig, recordings: Recordings) -> Method:
    """Build the method with its initial weights, and prepare it on the data.

    Raises:
        ConfigError: if a network is unknown or does not fit the method.
        WeightsError: if weights are missing, damaged or do not fit.
    """
    options, method_class = config.options, METHODS[config.method]
    seed_everything(options.seed, verbose=False)
    encoder = build_encoder(options.backbone, options.init, options.stage, options.frozen_norms)
    method = method_class(options, encoder)
    frames, total = recordings.color_frames(), sum(map(len, recordings.sources))
    method.prepare(tqdm(frames, "preparing", total, unit="frame", leave=False, delay=1))
    return method


def describe_outcome(
    config: RunConfig, received: signal.Signals | None, profiler: StepProfiler
) -> RunOutcome:
    """Return the message and exit code of a run that ended or was stopped by a signal."""
    profile = f"\n{profiler.report()}" if config.profile else ""
    if received is None:
        return RunOutcome(f"written to {config.folder}{profile}")
    message = (
        f"{received.name}: state saved in {config.folder}; repeat the command to resume{profile}"
    )
    return RunOutcome(message, SIGNAL_EXIT_CODE + received)


def _type_prefix(error: ScenerepError) -> str:
    return f"{type(error).__module__}.{type(error).__name__}: "
