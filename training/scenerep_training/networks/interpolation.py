"""Interpolation between the weights of two networks of one architecture."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch

from scenerep_training.networks.encoder import Encoder


@torch.no_grad()
def interpolate(encoder: Encoder, initial: Mapping[str, torch.Tensor], share: float) -> Encoder:
    """Return a copy of an encoder between its weights and initial ones.

    Fine-tuned weights lie in the basin of the initial ones, so that what is between them keeps most of
    the gain and forgets less (WiSE-FT, Wortsman et al., CVPR 2022).

    Args:
        encoder: trained encoder.
        initial: its state before the training.
        share: share of the initial weights, 0 to 1.
    """
    result = copy.deepcopy(encoder)
    for name, value in result.state_dict().items():
        if value.is_floating_point():
            value.lerp_(initial[name].to(value.device), share)
    return result
