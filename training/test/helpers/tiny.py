"""Tiny networks and random views, for fast tests of the training methods."""

from __future__ import annotations

import torch
from scenerep_training.methods.registry import METHODS
from scenerep_training.networks.encoder import EncoderOutput
from torch import nn

OUTPUTS = 64
WIDTHS = {
    "dino": {"hidden": 32, "bottleneck": 16, "outputs": OUTPUTS},
    "byol": {"hidden": 32, "projection": 16},
    "simclr": {"hidden": 32, "projection": 16},
    "moco": {"hidden": 32, "projection": 16, "queue": 12},
}


class TinyEncoder(nn.Module):
    """Encoder of two convolutions with batch normalization."""

    channels, stride = 16, 4

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1, bias=False),
            nn.BatchNorm2d(8),
            nn.GELU(),
            nn.Conv2d(8, 16, 3, 2, 1, bias=False),
            nn.BatchNorm2d(16),
            nn.GELU(),
        )

    def forward(self, images):
        grid = self.layers(images.float() / 64 - 2).permute(0, 2, 3, 1)
        return EncoderOutput(grid.mean((1, 2)), grid)


def build_method(name, encoder=None, **changes):
    """Build a method with narrow networks, in training mode."""
    torch.manual_seed(0)
    method_class = METHODS[name]
    options = method_class.Options(**WIDTHS[name] | changes)
    return method_class(options, encoder or TinyEncoder()).train()


def random_views(batch, seed=0, size=32, small=3):
    """Return views of 4x4 random colors; a network hardly distinguishes images of pixel noise."""
    generator = torch.Generator().manual_seed(seed)

    def images(views, side):
        shape = (batch, views, 3, 4, 4)
        colors = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
        return colors.repeat_interleave(side // 4, 3).repeat_interleave(side // 4, 4)

    return {
        "global": images(2, size),
        "local": images(small, size // 2),
        "views": images(2, size),
        "group": torch.arange(batch),
    }
