"""Lloyd's iterations for many K-Means problems on the same points, as one batch.

Every problem has as many slots for centres as the largest one needs. A step is two matrix products
over the slots in use, whatever problem they belong to: one scores all points against all centres,
the other sums the members of all clusters. Nothing is ever nearest to an unused slot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

MAX_ITERATIONS = 100
CUDA_PERIOD = 8
"""Iterations between two looks at the inertia on CUDA, where a look stalls the queue."""


class Fit(NamedTuple):
    """Centres (P, k, D), memberships (P, k, N) and the inertia (P,) of P problems."""

    centers: torch.Tensor
    members: torch.Tensor
    inertia: torch.Tensor


class Problems:
    """P problems of different numbers of clusters, the largest k, on the same points.

    Args:
        points: (N, D) float32, best of mean zero: float32 then has the most digits to spare.
        sizes: number of clusters of each problem.
    """

    def __init__(self, points: torch.Tensor, sizes: Sequence[int]) -> None:
        self.points = points
        self.energy = points.square().sum(1)
        used = torch.arange(max(sizes)) < torch.tensor(sizes)[:, None]
        self.used = used.to(points.device)
        self._slots = used.flatten().nonzero()[:, 0].to(points.device)

    def assign(self, centers: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Find the nearest centre of each point.

        Returns:
            (P, k, N) memberships, 0 or 1: equally near centres all have the point, since finding
            the first of them takes ten times as long; and (P, N), half the squared norm of the
            point minus half its squared distance.
        """
        packed = centers.flatten(0, 1)[self._slots]
        norms = packed.square().sum(1, keepdim=True)
        near = torch.addmm(norms, packed, self.points.T, beta=-0.5)
        scores = near.new_full((self.used.numel(), len(self.points)), -torch.inf)
        scores = scores.index_copy_(0, self._slots, near).view(*self.used.shape, -1)
        best = scores.amax(1, keepdim=True)
        return scores.eq_(best), best[:, 0]

    def update(self, members: torch.Tensor, empty: torch.Tensor) -> torch.Tensor:
        """Move centres to the mean of their members; one without any goes where `empty` says."""
        packed = members.flatten(0, 1)[self._slots] @ self.points
        sums = packed.new_zeros(self.used.numel(), packed.shape[1])
        sums = sums.index_copy_(0, self._slots, packed).view(*self.used.shape, -1)
        count = members.sum(2, keepdim=True)
        return torch.where(count > 0, sums / count, empty)

    def converge(self, members: torch.Tensor, tolerance: float) -> Fit:
        """Iterate until no inertia falls by more than a share; empty clusters go where it is worst.

        Args:
            members: memberships to start from.
            tolerance: that share.
        """
        period = 1 if members.device.type == "cpu" else CUDA_PERIOD
        centers = self.update(members, members.new_zeros(()))
        inertia = self._scatter(members, centers)
        for iteration in range(1, MAX_ITERATIONS + 1):
            members, best = self.assign(centers)
            if iteration % period == 0:
                previous, inertia = inertia, self.energy.sum() - 2 * best.sum(1)
                if bool((previous - inertia <= tolerance * previous).all()):
                    break
            members /= members.sum(1, keepdim=True)
            worst = (self.energy - 2 * best).max(1).indices
            centers = self.update(members, self.points[worst, None])
        return Fit(centers, members, inertia)

    def precise_inertia(self, fit: Fit) -> torch.Tensor:
        """Inertia (P,), computed anew where clusters are so tight that float32 has lost it."""
        if bool((fit.inertia > 1e-3 * self.energy.sum()).all()):
            return fit.inertia
        labels = fit.members.max(1).indices
        gaps = (self.points - c[row] for c, row in zip(fit.centers, labels, strict=True))
        return torch.stack([gap.square().sum() for gap in gaps])

    def _scatter(self, members: torch.Tensor, centers: torch.Tensor) -> torch.Tensor:
        """Inertia (P,) of members about their own means: energy less that of the means."""
        explained = (members.sum(2) * centers.square().sum(2)).sum(1)
        return self.energy.sum() - explained
