"""Training run, from its configuration to the exported checkpoint."""

from __future__ import annotations

import signal
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer, seed_everything
from lightning.pytorch.callbacks import LearningRateMonitor
from torch.utils.data import DataLoader
from tqdm import tqdm

from scenerep_ros.cli.exit_code import FAILED
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import ScenerepError
from scenerep_training.agreement.gate import Gate
from scenerep_training.config.options import TrainingOptions
from scenerep_training.data.held_out import HeldOut, hold_out, preview_frames
from scenerep_training.data.recordings import Recordings, open_recordings, thin
from scenerep_training.datasets.shards.downloads import location
from scenerep_training.engine.loader import build_loader
from scenerep_training.engine.quality_gate import QualityGate
from scenerep_training.engine.run_folder import (
    COMMAND,
    check_run_folder,
    claim_run_folder,
    lengthen_run,
)
from scenerep_training.engine.seeding import StepSeeding
from scenerep_training.engine.state import (
    REFUSED_FOLDER,
    STATE_NAME,
    StateCheckpoint,
    read_completed_steps,
)
from scenerep_training.engine.stopping import StopOnSignal
from scenerep_training.engine.trainer import build_trainer
from scenerep_training.methods.base import Method
from scenerep_training.methods.registry import METHODS
from scenerep_training.monitoring.collapse_detector import CollapseDetector
from scenerep_training.monitoring.progress_bar import TrainingProgressBar
from scenerep_training.monitoring.segmentation_preview import SegmentationPreview
from scenerep_training.monitoring.step_profiler import StepProfiler
from scenerep_training.networks.encoder import build_encoder

NUM_PREVIEW_FRAMES = 4
"""Held-back frames that the previews show."""
SIGNAL_EXIT_CODE = 128
"""Exit code of a process that a signal ended, minus the number of the signal."""


class DeviceMemoryError(ScenerepError):
    """A batch that exceeds the memory of the device."""


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
            "data": [location(path) for path in self.data],
            "data_weights": self.weights and list(self.weights),
            COMMAND: self.command,
        }


@dataclass(frozen=True)
class RunOutcome:
    """Result of a run for the command line.

    Attributes:
        message: text for the user; empty in all processes but the first.
        exit_code: exit code of the process: 0, or 128 plus the number of the signal that stopped it.
        batch_s: mean time of a batch [s]; 0 if the run was not profiled.
    """

    message: str = ""
    exit_code: int = 0
    batch_s: float = 0.0


def run_training(config: RunConfig) -> RunOutcome:
    """Train, or resume the run of the folder.

    Raises:
        ConfigError: if the options contradict each other or the folder holds another run.
        SourceError: if a recording cannot be opened, or too many frames are unreadable.
        WeightsError: if the initial weights or the saved state cannot be read.
        CollapseError: if the features no longer depend on the images.
        DeviceMemoryError: if a batch exceeds the memory of the device.
        ScenerepError: if the disk is full; the last saved state remains.
    """
    lengthen_run(config.folder, config.settings())
    check_run_folder(config.folder, config.settings())
    completed_steps = read_completed_steps(config.folder / STATE_NAME)
    if completed_steps >= config.options.max_steps:
        message = (
            f"{config.folder}: this run is complete; raise --max-steps to lengthen it, or name another "
            "--output"
        )
        return RunOutcome(message)
    # Open the data and hold back the end of each recording.
    recordings = open_recordings(config.data, config.weights, config.options.odometry)
    parts = hold_out(recordings)
    training = thin(parts.training, config.options.max_frames)
    method = build_method(config, training)
    # Only a run that can start claims its folder.
    claim_run_folder(config.folder, config.settings())
    # The profiler starts before and ends after all other callbacks.
    stop, profiler, gate = StopOnSignal(), StepProfiler(), build_gate(config, parts, method)
    callbacks = [stop, *build_callbacks(config, parts, gate)]
    if config.profile:
        callbacks = [profiler, *callbacks, profiler.final_callback]
    # Train, from the saved state if there is one.
    trainer = build_trainer(config.options, config.folder, callbacks, completed_steps)
    loader = build_loader(method, training, lambda: (trainer.global_step, trainer.global_rank))
    fit(trainer, method, loader, config.folder / STATE_NAME if completed_steps else None)
    if not trainer.is_global_zero:
        return RunOutcome()
    outcome = describe_outcome(config, stop.received, profiler, gate)
    return replace(outcome, batch_s=profiler.batch_s)


def build_gate(config: RunConfig, parts: HeldOut, method: Method) -> QualityGate:
    """Build the callback that decides which steps are exported."""
    options = config.options
    is_used = options.gate and options.init != "random"
    gate = None
    if is_used:
        find_masks = method.build_reference() if parts.held_back else None
        gate = Gate(parts.held_back, PipelineConfig(), find_masks=find_masks)
    return QualityGate(gate, options.checkpoint_every)


def build_callbacks(config: RunConfig, parts: HeldOut, gate: QualityGate) -> list[Callback]:
    """Build the callbacks of a run, in the order of their calls."""
    options = config.options
    previews = preview_frames(parts.held_back, NUM_PREVIEW_FRAMES)
    return [
        StepSeeding(options.seed),
        CollapseDetector(options.log_every),
        gate,
        StateCheckpoint(config.folder, options.checkpoint_every, config.settings(), gate),
        SegmentationPreview(config.folder / "previews", previews, options.preview_every),
        LearningRateMonitor(logging_interval="step"),
        TrainingProgressBar(config.method),
    ]


def fit(trainer: Trainer, method: Method, loader: DataLoader[Any], state: Path | None) -> None:
    """Train, from a saved state if there is one.

    Raises:
        DeviceMemoryError: if a batch exceeds the memory of the device.
        ScenerepError: as `run_training`.
    """
    try:
        trainer.fit(method, loader, ckpt_path=state, weights_only=True)
    except torch.OutOfMemoryError:
        raise DeviceMemoryError(
            f"batch_size = {method.options.batch_size}: exceeds the memory of the device; lower it or "
            "crop_size, raise accumulate, or set precision to bf16"
        ) from None
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
    if options.frozen_blocks:
        encoder.freeze_blocks(options.frozen_blocks)
    method = method_class(options, encoder)
    frames, total = recordings.color_frames(), sum(map(len, recordings.sources))
    method.prepare(tqdm(frames, "preparing", total, unit="frame", leave=False, delay=1))
    return method


def describe_outcome(
    config: RunConfig,
    received: signal.Signals | None,
    profiler: StepProfiler,
    gate: QualityGate,
) -> RunOutcome:
    """Return the message and exit code of a run that ended or was stopped by a signal."""
    profile = f"\n{profiler.report()}" if config.profile else ""
    if received is None and gate.is_refused:
        assert gate.verdict is not None
        return RunOutcome(
            f"refused: no measured step is as good as the initial network; the last one: "
            f"{gate.verdict.describe()}. It lies in {config.folder / REFUSED_FOLDER}, and "
            f"no model.* is written. Lower the learning rate, or take fewer steps{profile}",
            FAILED,
        )
    if received is None:
        gain = "" if gate.best is None else f"; {gate.best.describe()}"
        return RunOutcome(f"written to {config.folder}{gain}{profile}")
    message = (
        f"{received.name}: state saved in {config.folder}; repeat the command to resume{profile}"
    )
    return RunOutcome(message, SIGNAL_EXIT_CODE + received)


def _type_prefix(error: ScenerepError) -> str:
    return f"{type(error).__module__}.{type(error).__name__}: "
