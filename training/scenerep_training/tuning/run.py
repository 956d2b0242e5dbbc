"""The command `scenerep-train tune`: distillation of the student on own recordings, in a given time."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from scenerep_ros.backbones.loading import load_backbone
from scenerep_ros.backbones.weights.packaged import STUDENT
from scenerep_ros.cli.exit_code import FAILED
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.config.validation import validated
from scenerep_ros.errors import ConfigError, SourceError
from scenerep_training.agreement.samples import draw_samples
from scenerep_training.agreement.scoring import Scorer
from scenerep_training.data.held_out import hold_out
from scenerep_training.data.recordings import Recordings, open_recordings
from scenerep_training.engine.duration import measure_step_s
from scenerep_training.engine.run import RunConfig, RunOutcome, run_training
from scenerep_training.engine.run_folder import SETTINGS_NAME, read_json
from scenerep_training.engine.state import STATE_NAME, read_completed_steps
from scenerep_training.evaluation.probes.speed_probe import status_bytes
from scenerep_training.tuning.options import TuneOptions, distill_options
from scenerep_training.tuning.plan import CONSTANTS as PLAN
from scenerep_training.tuning.plan import Costs, Plan, make_plan

TEACHER_FOLDER = "teacher"
"""Folder of the teacher's features below that of the run; it is removed when the run is complete."""


def tune(data: Sequence[Path], output: Path, options: TuneOptions, command: str = "") -> RunOutcome:
    """Distill the student on recordings, and write it if it is not worse than before.

    An interrupted run is resumed.

    Args:
        data: recordings.
        output: folder of the run and of its checkpoint.
        options: weights and time.
        command: command line, for the record.

    Raises:
        ConfigError: if the folder holds another run, or the recordings are too short.
        SourceError, WeightsError: if recordings or weights cannot be read.
        ScenerepError: as `run_training`.
    """
    plan = _stored_plan(output)
    if plan is not None and read_completed_steps(output / STATE_NAME) >= plan.steps:
        return RunOutcome(
            f"{output}: this run is complete; name another --output, with --init {output} to go on from it"
        )
    plan = plan or _new_plan(data, output, options)
    config = _run_config(data, output, options, plan)
    outcome = run_training(replace(config, command=command))
    if outcome.exit_code <= FAILED:  # complete, and not stopped by a signal
        shutil.rmtree(output / TEACHER_FOLDER, ignore_errors=True)
    return outcome


def _stored_plan(output: Path) -> Plan | None:
    """Return the plan of the run in a folder; None if it holds none.

    Raises:
        ConfigError: if the folder holds a run of another kind.
    """
    path = output / SETTINGS_NAME
    if not path.exists():
        return None
    options = read_json(path).get("options", {})
    if not {"teacher", "max_frames"} <= options.keys():
        raise ConfigError(f"run folder {output}: holds another run; name another --output")
    return Plan(options["max_frames"], options["max_steps"])


def _new_plan(data: Sequence[Path], output: Path, options: TuneOptions) -> Plan:
    """Measure the costs, make a plan, and print the forecast."""
    start_s = time.monotonic()
    training = hold_out(open_recordings(data)).training
    available = sum(map(len, training.sources))
    if available < PLAN.min_frames:
        raise ConfigError(
            f"{available} frames can be trained on, {PLAN.min_frames} are needed; record longer"
        )
    trial = _run_config(data, output, options, Plan(PLAN.min_frames, PLAN.min_steps))
    step_s = measure_step_s(trial)
    teacher_s, gate_s = _measure_teacher(training, options), _measure_gate(training)
    elapsed_s = time.monotonic() - start_s
    costs = Costs(elapsed_s, teacher_s, *gate_s, step_s, status_bytes("VmHWM"))
    plan = make_plan(costs, available, options.minutes)
    print(plan.describe(costs, options.minutes), flush=True)  # noqa: T201
    return plan


def _run_config(data: Sequence[Path], output: Path, options: TuneOptions, plan: Plan) -> RunConfig:
    """Return the configuration of the training."""
    cache = output / TEACHER_FOLDER
    return RunConfig(
        method="distill",
        options=distill_options(options, cache, plan.frames, plan.steps, plan.interval),
        data=tuple(data),
        weights=None,
        folder=output,
    )


def _measure_teacher(recordings: Recordings, options: TuneOptions) -> float:
    """Return the time of the teacher for one frame [s]."""
    values = {"backbone": options.teacher, "weights": options.teacher_weights}
    teacher = load_backbone(validated(PipelineConfig, values | {"device": options.device}))
    frame = next(recordings.color_frames(), None)
    if frame is None:
        raise SourceError(f"{recordings.sources[0].name}: none of the frames can be read")
    teacher(frame.color, PipelineConfig().resolution)  # allocates memory
    start_s = time.monotonic()
    teacher(frame.color, PipelineConfig().resolution)
    return time.monotonic() - start_s


def _measure_gate(recordings: Recordings) -> tuple[float, float]:
    """Return the times of the gate for the references and for the scores of a pair of frames [s]."""
    config = validated(PipelineConfig, {"backbone": STUDENT, "runtime": "torch"})
    scorer, backbone = Scorer(config), load_backbone(config)
    start_s = time.monotonic()
    samples = list(draw_samples(max(recordings.sources, key=len), 1))
    reference_s = time.monotonic() - start_s
    if samples:  # else unreadable
        scorer.score(backbone, samples)
    return reference_s, time.monotonic() - start_s - reference_s
