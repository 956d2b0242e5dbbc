"""Batch normalization over the batches of all processes, on any device.

torch's own SyncBatchNorm supports GPUs only.
"""

from __future__ import annotations

import torch
from timm.layers.norm_act import BatchNormAct2d
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from scenerep_training.engine.distributed import all_reduce_sum, get_world_size


class SyncBatchNorm(_BatchNorm):
    """Batch normalization of (N, C) or (N, C, ...) with the statistics of all processes' batches.

    In eval mode, and in a run of one process, it is torch's own batch normalization. Statistics are
    float32; the result has the dtype of the input.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalize a batch, and update the running statistics in training mode."""
        if not self.training or get_world_size() == 1:
            return super().forward(x)
        per_channel = (1, -1) + (1,) * (x.ndim - 2)
        values, reduced_dims = x.float(), [0, *range(2, x.ndim)]
        count = values.numel() // values.shape[1] * get_world_size()
        # Compute mean and variance over all processes; E[x²] - E[x]² would lose digits.
        mean = all_reduce_sum(values.sum(reduced_dims)) / count
        centered = values - mean.view(per_channel)
        variance = all_reduce_sum(centered.square().sum(reduced_dims)) / count
        self._update_running_statistics(mean.detach(), variance.detach() * count / (count - 1))
        # Normalize, then scale and shift.
        normalized = centered * torch.rsqrt(variance + self.eps).view(per_channel)
        if self.affine:
            normalized = normalized * self.weight.view(per_channel) + self.bias.view(per_channel)
        return normalized.to(x.dtype)

    def _update_running_statistics(self, mean: torch.Tensor, variance: torch.Tensor) -> None:
        if self.running_mean is None or self.running_var is None:
            return
        assert self.num_batches_tracked is not None
        self.num_batches_tracked += 1
        weight = self.momentum if self.momentum is not None else 1 / float(self.num_batches_tracked)
        self.running_mean.lerp_(mean, weight)
        self.running_var.lerp_(variance, weight)

    def _check_input_dim(self, _input: torch.Tensor) -> None:
        """Accept any number of dimensions."""


class SyncBatchNormAct(SyncBatchNorm):
    """Synchronized batch normalization with timm's activation."""

    drop: nn.Module
    act: nn.Module

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalize and activate a batch."""
        return self.act(self.drop(super().forward(x)))


_SYNCHRONIZED = {
    nn.BatchNorm1d: SyncBatchNorm,
    nn.BatchNorm2d: SyncBatchNorm,
    BatchNormAct2d: SyncBatchNormAct,
}


def convert_sync_batch_norm(module: nn.Module) -> nn.Module:
    """Synchronize all batch normalizations of a module, in place.

    Returns:
        The same module, with equal parameter names and values.
    """
    for child in module.modules():
        synchronized = _SYNCHRONIZED.get(type(child))
        if synchronized is not None:
            # Changing the class, like torch's parametrize, keeps parameters, buffers and hooks.
            child.__class__ = synchronized
    return module
