"""Training steps of every method in one process or two, for test_distributed.

Spawned processes import the function that they run by name, so it needs a module of its own.
"""

from __future__ import annotations

from datetime import timedelta

import torch
import torch.distributed as dist
import torch.multiprocessing as multiprocessing
from tiny import WIDTHS, build_method, random_views
from torch import nn
from torch.nn.parallel import DistributedDataParallel

NUM_PROCESSES = 2
BATCH = 8
STEPS = 2
TIMEOUT = timedelta(seconds=240)  # the imports alone take long on a busy machine


class LossModule(nn.Module):
    """Module for DistributedDataParallel whose forward pass is the loss of a method."""

    def __init__(self, method):
        super().__init__()
        self.method = method

    def forward(self, views):
        return self.method.compute_loss(views).loss


def train(name, rank=0, world_size=1):
    """Train for some steps; return losses, the last gradients, and the final state."""
    method = build_method(name)
    parameters = dict(method.named_parameters())
    optimizer = torch.optim.SGD([p for p in parameters.values() if p.requires_grad], lr=0.01)
    module = LossModule(method)
    module = module if world_size == 1 else DistributedDataParallel(module)
    losses = []
    for step in range(STEPS):
        views = {
            key: views.chunk(world_size)[rank] for key, views in random_views(BATCH, step).items()
        }
        optimizer.zero_grad()
        loss = module(views)
        loss.backward()
        optimizer.step()
        method.after_optimizer_step()
        losses.append(loss.detach())
    gradients = {key: p.grad for key, p in parameters.items() if p.grad is not None}
    return {"losses": torch.stack(losses), "gradients": gradients, "state": method.state_dict()}


def run_processes(folder):
    """Train every method in two processes; return the results of each process, by method."""
    multiprocessing.spawn(_run_process, args=(folder,), nprocs=NUM_PROCESSES)
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(NUM_PROCESSES)]


def _run_process(rank, folder):
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", f"file://{folder}/rendezvous", timeout=TIMEOUT, rank=rank, world_size=NUM_PROCESSES
    )
    torch.save({name: train(name, rank, NUM_PROCESSES) for name in WIDTHS}, folder / f"{rank}.pt")
    dist.destroy_process_group()
