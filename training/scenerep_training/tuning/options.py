"""Options of `scenerep-train tune`, and the options of `distill` that follow from them."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from scenerep_ros.backbones.weights.packaged import STUDENT
from scenerep_ros.config.options import Device, OptionGroup
from scenerep_training.methods.distill import DistillOptions


class TuneOptions(OptionGroup):
    """Options of `scenerep-train tune`."""

    minutes: float = Field(
        10.0, gt=0.0, le=10_000.0, description="Time that the whole command may take [min]."
    )
    init: str = Field(
        "auto",
        description="Initial weights of the student: auto, those of the package, or a checkpoint, such as "
        "that of an earlier tune.",
    )
    teacher: str = Field(
        "vit_small_patch14_dinov2.lvd142m", description="Name of the teacher's timm model, a ViT."
    )
    teacher_weights: str = Field(
        "auto", description="Weights of the teacher, like the runtime's option weights."
    )
    device: Device = Field(
        "auto", description="Device of the training. auto selects CUDA if it is available."
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Seed of all random numbers.")


def distill_options(
    options: TuneOptions, cache: Path, frames: int, steps: int, interval: int
) -> DistillOptions:
    """Return the options of the training.

    Statistics of batch normalization stay those of the initial network, since a recording's own do not
    transfer to other scenes, and the result is half way between initial and trained weights. Each frame
    is paired with itself, so a step sees two crops of it.

    Args:
        options: options of the command.
        cache: folder of the teacher's features.
        frames: largest number of frames.
        steps: number of optimizer steps.
        interval: steps between two measurements of the gate.
    """
    return DistillOptions(
        backbone=STUDENT,
        init=options.init,
        frozen_norms=True,
        teacher=options.teacher,
        teacher_weights=options.teacher_weights,
        teacher_cache=str(cache),
        adaptor="none",
        initial_share=0.5,
        relation_weight=2.0,
        global_weight=0.1,
        consistency_weight=0.0,
        attention_weight=0.3,
        max_gap_s=0.0,
        max_frames=frames,
        workers=0,
        crop_size=224,
        min_crop=0.35,
        batch_size=8,
        learning_rate=0.01,  # at 256 pairs: 3e-4 at 8
        weight_decay=0.05,
        warmup=0.1,
        clip=1.0,
        max_steps=steps,
        checkpoint_every=interval,
        preview_every=0,
        log_every=10,
        device=options.device,
        seed=options.seed,
    )
