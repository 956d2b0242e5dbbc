"""Lightning's trainer, as the options say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lightning.pytorch import Callback, Trainer
from lightning.pytorch.loggers import TensorBoardLogger

from scenerep_ros.backbones.hardware import choose_device
from scenerep_training.config.options import Precision, TrainingOptions
from scenerep_training.engine.state import AsideCheckpoints

PRECISIONS: dict[Precision, str] = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}


def make_trainer(
    options: TrainingOptions, folder: Path, callbacks: Sequence[Callback], first_step: int
) -> Trainer:
    """Build the trainer of one run.

    Args:
        options: of the run.
        folder: of the run.
        callbacks: in the order in which they are called.
        first_step: at which the run goes on; what the log has after it is forgotten.

    Raises:
        ConfigError: if CUDA is asked for and absent.
    """
    device = choose_device(options.device)
    return Trainer(
        accelerator="gpu" if device.type == "cuda" else "cpu",
        devices=options.devices,
        num_nodes=options.nodes,
        strategy="ddp" if options.world_size > 1 else "auto",
        precision=PRECISIONS[options.precision],  # type: ignore[arg-type]
        max_steps=options.max_steps,
        max_epochs=-1,
        accumulate_grad_batches=options.accumulate,
        gradient_clip_val=options.clip or None,
        log_every_n_steps=options.log_every,
        callbacks=list(callbacks),
        plugins=[AsideCheckpoints()],
        logger=TensorBoardLogger(folder, name="", version="log", purge_step=first_step or None),
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,  # StepBatches deals the pairs out
        benchmark=device.type == "cuda",
        default_root_dir=folder,
    )


def first_step_of(state: Path) -> int:
    """Steps that the run has done whose state this is; 0 where there is none."""
    if not state.exists():
        return 0
    return int(AsideCheckpoints().load_checkpoint(state)["global_step"])
