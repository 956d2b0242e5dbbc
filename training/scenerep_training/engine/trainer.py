"""Lightning trainer of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.loggers import TensorBoardLogger

from scenerep_ros.backbones.hardware import DeviceName, choose_device
from scenerep_training.config.options import Precision, TrainingOptions
from scenerep_training.engine.state import AtomicCheckpointIO

LIGHTNING_PRECISIONS: dict[Precision, str] = {
    "fp32": "32-true",
    "bf16": "bf16-mixed",
    "fp16": "16-mixed",
}


def lightning_precision(precision: Precision, device: DeviceName) -> str:
    """Return Lightning's name of a precision; auto is bf16 on GPUs that compute with it.

    GPUs before Ampere emulate bf16, and CPUs train faster in fp32.
    """
    if precision != "auto":
        return LIGHTNING_PRECISIONS[precision]
    has_bf16 = device == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return LIGHTNING_PRECISIONS["bf16" if has_bf16 else "fp32"]


def build_trainer(
    options: TrainingOptions, folder: Path, callbacks: Sequence[Callback], first_step: int
) -> Trainer:
    """Build the trainer of a run.

    Args:
        options: options of the run.
        folder: folder of the run.
        callbacks: callbacks, in the order of their calls.
        first_step: step at which the run resumes; later entries of the log are discarded.

    Raises:
        ConfigError: if the options require CUDA and it is not available.
    """
    device = choose_device(options.device)
    return Trainer(
        accelerator="gpu" if device == "cuda" else "cpu",
        devices=options.devices,
        num_nodes=options.nodes,
        strategy="ddp" if options.world_size > 1 else "auto",
        precision=lightning_precision(options.precision, device),  # type: ignore[arg-type]
        max_steps=options.max_steps,
        max_epochs=-1,
        accumulate_grad_batches=options.accumulate,
        gradient_clip_val=options.clip or None,
        log_every_n_steps=options.log_every,
        callbacks=list(callbacks),
        plugins=[AtomicCheckpointIO()],
        logger=TensorBoardLogger(folder, name="", version="log", purge_step=first_step or None),
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,  # StepBatchSampler distributes the pairs
        benchmark=device == "cuda",
        default_root_dir=folder,
    )
