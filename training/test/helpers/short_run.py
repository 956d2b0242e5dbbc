"""Some hundred steps of a method, as Lightning makes them, on patterns and with a tiny network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import yaml
from lightning.pytorch import Callback, Trainer
from scenerep_training.data.views.pair import FramePair
from scenerep_training.methods.registry import METHODS
from scenerep_training.monitoring.health import measure
from tiny import TinyEncoder
from torch.utils.data import DataLoader

from scenerep_ros.frames import RGBDFrame

ROOT = Path(__file__).resolve().parents[3]
PATTERNS = 32
SIZES = {"crop_size": 32}
SMALL_SIZES = {"local_crops": 2, "local_size": 16}
ROUNDS = 6
"""Times that views are made of each pair, beforehand: it takes longer than a step."""


class History(Callback):
    """Keeps the figures of every step."""

    def __init__(self):
        self.curves = {}
        self.losses = []

    def on_train_batch_end(self, trainer, method, outputs, batch, batch_idx):
        self.losses.append(method.last.loss.item())
        for name, figure in measure(method.last).items():
            self.curves.setdefault(name, []).append(figure.item())


def preset(name):
    """Options of training/configs/NAME.yaml."""
    return yaml.safe_load((ROOT / f"training/configs/{name}.yaml").read_text())


def run(name, steps, **options):
    """Train for some steps with the method's own widths and views; return method and history."""
    torch.manual_seed(0)
    sizes = SIZES | SMALL_SIZES if name == "dino" else SIZES
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
    trainer.fit(method, _batches(method.make_views(), steps, options.batch_size))
    return method, history


def _batches(make_views, steps, batch):
    pool = [make_views(pair) for pair in _pairs() for _ in range(ROUNDS)]
    drawn = [torch.randperm(len(pool))[:batch].tolist() for _ in range(steps)]
    batches = [
        {key: torch.stack([pool[i][key] for i in rows]) for key in pool[0]} for rows in drawn
    ]
    return DataLoader(batches, batch_size=None)


def _pairs():
    """Patterns of two colours each; both frames of a pair show the same ones elsewhere."""
    rng = np.random.default_rng(0)
    for _ in range(PATTERNS):
        palette = rng.integers(0, 256, (2, 3), np.uint8)
        cells = palette[rng.integers(0, 2, (2, 15, 20))]
        yield FramePair(*(RGBDFrame(color=frame.repeat(4, 0).repeat(4, 1)) for frame in cells))
