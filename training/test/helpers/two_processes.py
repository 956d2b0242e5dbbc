"""Training steps of every method in one process or two, for test_distributed.

It is a module of its own because spawned processes import what they run by name.
"""

from __future__ import annotations

from datetime import timedelta

import torch
import torch.distributed as dist
import torch.multiprocessing as multiprocessing
from tiny import WIDTHS, make_method, random_views
from torch import nn
from torch.nn.parallel import DistributedDataParallel

COUNT = 2
BATCH = 8
STEPS = 2
PATIENCE = timedelta(seconds=240)  # imports alone take long on a busy machine


class Loss(nn.Module):
    """A method as DistributedDataParallel wants it."""

    def __init__(self, method):
        super().__init__()
        self.method = method

    def forward(self, views):
        return self.method.loss(views).loss


def train(name, rank=0, count=1):
    """Losses of some steps, gradients of the last one, and where all weights and buffers went."""
    method = make_method(name)
    parameters = dict(method.named_parameters())
    optimiser = torch.optim.SGD([p for p in parameters.values() if p.requires_grad], lr=0.01)
    module = Loss(method)
    module = module if count == 1 else DistributedDataParallel(module)
    losses = []
    for step in range(STEPS):
        views = {key: views.chunk(count)[rank] for key, views in random_views(BATCH, step).items()}
        optimiser.zero_grad()
        loss = module(views)
        loss.backward()
        optimiser.step()
        method.after_step()
        losses.append(loss.detach())
    gradients = {key: p.grad for key, p in parameters.items() if p.grad is not None}
    return {"losses": torch.stack(losses), "gradients": gradients, "state": method.state_dict()}


def run_processes(folder):
    """Train every method in two processes; return what each process found, by method."""
    multiprocessing.spawn(_process, args=(folder,), nprocs=COUNT)
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(COUNT)]


def _process(rank, folder):
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", f"file://{folder}/meeting", timeout=PATIENCE, rank=rank, world_size=COUNT
    )
    torch.save({name: train(name, rank, COUNT) for name in WIDTHS}, folder / f"{rank}.pt")
    dist.destroy_process_group()
