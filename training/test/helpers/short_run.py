"""Short Lightning runs of a method on random patterns with a tiny network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import yaml
from lightning.pytorch import Callback, Trainer
from scenerep_training.data.views.base import FramePair
from scenerep_training.methods.registry import METHODS
from scenerep_training.monitoring.representation_metrics import representation_metrics
from tiny import TinyEncoder
from torch.utils.data import DataLoader

from scenerep_ros.frames import RGBDFrame

ROOT = Path(__file__).resolve().parents[3]
NUM_PATTERNS = 32
SIZES = {"crop_size": 32}
DINO_SIZES = {"local_crops": 2, "local_size": 16}
VIEWS_PER_PAIR = 6
"""Number of precomputed augmentations of each pair; augmentation takes longer than a step."""


class History(Callback):
    """Callback that records the loss and the metrics of every step."""

    def __init__(self):
        self.curves = {}
        self.losses = []

    def on_train_batch_end(self, trainer, method, outputs, batch, batch_idx):
        self.losses.append(method.last_output.loss.item())
        for name, value in representation_metrics(method.last_output).items():
            self.curves.setdefault(name, []).append(value.item())


def preset(name):
    """Read the options of training/configs/NAME.yaml."""
    return yaml.safe_load((ROOT / f"training/configs/{name}.yaml").read_text())


def run(name, steps, **options):
    """Train a method for some steps; return the method and its history."""
    torch.manual_seed(0)
    sizes = SIZES | DINO_SIZES if name == "dino" else SIZES
    options = METHODS[name].Options(**options | sizes | {"max_steps": steps})
    method, history = METHODS[name](options, TinyEncoder()), History()
    trainer = Trainer(
        accelerator="cpu",
        max_steps=steps,
        max_epochs=-1,
        gradient_clip_val=options.clip or None,
        callbacks=[history],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(method, _batches(method.build_transform(), steps, options.batch_size))
    return method, history


def _batches(transform, steps, batch):
    pool = [transform(pair) for pair in _pairs() for _ in range(VIEWS_PER_PAIR)]
    drawn = [torch.randperm(len(pool))[:batch].tolist() for _ in range(steps)]
    batches = [
        {key: torch.stack([pool[i][key] for i in rows]) for key in pool[0]} for rows in drawn
    ]
    return DataLoader(batches, batch_size=None)


def _pairs():
    """Yield pairs of two-color patterns; both frames of a pair have the same colors."""
    rng = np.random.default_rng(0)
    for _ in range(NUM_PATTERNS):
        palette = rng.integers(0, 256, (2, 3), np.uint8)
        frames = palette[rng.integers(0, 2, (2, 15, 20))]
        yield FramePair(*(RGBDFrame(color=frame.repeat(4, 0).repeat(4, 1)) for frame in frames))
