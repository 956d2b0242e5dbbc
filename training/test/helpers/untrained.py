"""Pipeline options with a small untrained backbone on the CPU."""

from __future__ import annotations

import torch

from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.config.validation import validated

BACKBONE = "vit_tiny_patch16_224"
OPTIONS = {"backbone": BACKBONE, "weights": "random", "device": "cpu", "precision": "fp32"}


def untrained_config(resolution, **options):
    """Build options and seed torch, so that a backbone built next has reproducible weights.

    Args:
        resolution: shorter side of the image [px].
        **options: further options by their dotted names.
    """
    torch.manual_seed(0)
    return validated(PipelineConfig, OPTIONS | {"resolution": resolution} | options)


def to_flags(**options):
    """Convert options to command-line flags, those of the untrained backbone first."""
    pairs = (OPTIONS | options).items()
    return [part for name, value in pairs for part in (f"--{name}", str(value))]
