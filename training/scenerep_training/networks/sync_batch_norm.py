"""Batch normalisation over the batch of all processes, on any device.

torch's own SyncBatchNorm works on GPUs only.
"""

from __future__ import annotations

import torch
from timm.layers.norm_act import BatchNormAct2d
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from scenerep_training.engine.processes import count_processes, sum_processes


class SyncBatchNorm(_BatchNorm):
    """Batch normalisation of (N, C) or (N, C, ...) with the statistics of all processes' batches.

    In evaluation, and in a run of one process, it is torch's own. Statistics are float32; the result
    has the dtype of the input.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise, and in training follow the statistics."""
        if not self.training or count_processes() == 1:
            return super().forward(x)
        channels = (1, -1) + (1,) * (x.ndim - 2)
        values, over = x.float(), [0, *range(2, x.ndim)]
        count = values.numel() // values.shape[1] * count_processes()
        mean = sum_processes(values.sum(over)) / count
        centred = values - mean.view(channels)  # and then squared: E[x²] - E[x]² would lose digits
        variance = sum_processes(centred.square().sum(over)) / count
        self._follow(mean.detach(), variance.detach() * count / (count - 1))
        normal = centred * torch.rsqrt(variance + self.eps).view(channels)
        if self.affine:
            normal = normal * self.weight.view(channels) + self.bias.view(channels)
        return normal.to(x.dtype)

    def _follow(self, mean: torch.Tensor, variance: torch.Tensor) -> None:
        if self.running_mean is None or self.running_var is None:
            return
        assert self.num_batches_tracked is not None
        self.num_batches_tracked += 1
        share = self.momentum if self.momentum is not None else 1 / float(self.num_batches_tracked)
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)

    def _check_input_dim(self, _input: torch.Tensor) -> None:
        """Take every number of dimensions."""


class SyncBatchNormAct(SyncBatchNorm):
    """The same with timm's activation behind it."""

    drop: nn.Module
    act: nn.Module

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise and activate."""
        return self.act(self.drop(super().forward(x)))


_SYNCHRONISED = {
    nn.BatchNorm1d: SyncBatchNorm,
    nn.BatchNorm2d: SyncBatchNorm,
    BatchNormAct2d: SyncBatchNormAct,
}


def convert(module: nn.Module) -> nn.Module:
    """Synchronise all batch normalisations of a module, in place; names and values stay.

    Returns:
        The same module.
    """
    for child in module.modules():
        synchronised = _SYNCHRONISED.get(type(child))
        if synchronised is not None:
            # As torch's parametrize does: parameters, buffers and hooks stay what they are.
            child.__class__ = synchronised
    return module
