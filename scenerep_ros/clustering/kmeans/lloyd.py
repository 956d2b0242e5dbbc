"""Lloyd's algorithm for many K-Means problems on the same points, as one batch.

Every problem has as many slots for centers as the largest one needs. An iteration is two matrix
products over the used slots of all problems: one scores all points against all centers, the other
sums the members of all clusters. No point is assigned to an unused slot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch

from scenerep_ros.config.constants import tuned


@dataclass(frozen=True)
class LloydConstants:
    """Tuned constants of Lloyd's algorithm."""

    max_iterations: int = tuned(100, "largest number of iterations", set_on="not recorded")
    cuda_check_period: int = tuned(
        8,
        "iterations between two checks of the inertia on CUDA, for which the host must wait",
        set_on="not recorded",
    )
    min_inertia_ratio: float = tuned(
        1e-3,
        "ratio of the inertia to the points' squared norms below which float32 is too coarse for "
        "their difference",
        set_on="argument: float32 has a relative precision of 6e-8",
    )


CONSTANTS = LloydConstants()


class LloydSolution(NamedTuple):
    """Solutions of P problems with k slots.

    Attributes:
        centers: (P, k, D) float32.
        memberships: (P, k, N) float32, 0 or a positive number.
        inertia: (P,) float32.
    """

    centers: torch.Tensor
    memberships: torch.Tensor
    inertia: torch.Tensor


class BatchedLloyd:
    """P problems of different numbers of clusters, the largest k, on the same points.

    Args:
        points: (N, D) float32, preferably of mean zero, where float32 is most precise.
        cluster_counts: number of clusters of each problem.
    """

    def __init__(self, points: torch.Tensor, cluster_counts: Sequence[int]) -> None:
        self.points = points
        self.squared_norms = points.square().sum(1)
        is_used = torch.arange(max(cluster_counts)) < torch.tensor(cluster_counts)[:, None]
        self.is_used = is_used.to(points.device)
        self._slots = is_used.flatten().nonzero()[:, 0].to(points.device)

    def assign(self, centers: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Find the nearest center of each point.

        Args:
            centers: (P, k, D).

        Returns:
            (P, k, N) memberships, 0 or 1: a point belongs to all equally near centers, since finding
            the first of them takes ten times as long; and (P, N) score of the nearest center, half
            the squared norm of the point minus half its squared distance.
        """
        used_centers = centers.flatten(0, 1)[self._slots]
        squared_norms = used_centers.square().sum(1, keepdim=True)
        used_scores = torch.addmm(squared_norms, used_centers, self.points.T, beta=-0.5)
        scores = used_scores.new_full((self.is_used.numel(), len(self.points)), -torch.inf)
        scores = scores.index_copy_(0, self._slots, used_scores).view(*self.is_used.shape, -1)
        best = scores.amax(1, keepdim=True)
        return scores.eq_(best), best[:, 0]

    def update(self, memberships: torch.Tensor, fallback: torch.Tensor) -> torch.Tensor:
        """Compute the mean of the members of each cluster.

        Args:
            memberships: (P, k, N).
            fallback: centers of clusters without members, broadcast to (P, k, D).

        Returns:
            (P, k, D) centers.
        """
        used_sums = memberships.flatten(0, 1)[self._slots] @ self.points
        sums = used_sums.new_zeros(self.is_used.numel(), used_sums.shape[1])
        sums = sums.index_copy_(0, self._slots, used_sums).view(*self.is_used.shape, -1)
        member_count = memberships.sum(2, keepdim=True)
        return torch.where(member_count > 0, sums / member_count, fallback)

    def converge(self, memberships: torch.Tensor, tolerance: float) -> LloydSolution:
        """Iterate until no problem's inertia decreases by more than a ratio.

        An empty cluster is moved to the point that is farthest from its center.

        Args:
            memberships: (P, k, N), initialization.
            tolerance: ratio of the inertia.
        """
        is_on_host = memberships.device.type == "cpu"
        check_period = 1 if is_on_host else CONSTANTS.cuda_check_period
        centers = self.update(memberships, memberships.new_zeros(()))
        inertia = self._inertia_about_means(memberships, centers)
        for iteration in range(1, CONSTANTS.max_iterations + 1):
            # Assign points and check the decrease of the inertia.
            memberships, best_score = self.assign(centers)
            if iteration % check_period == 0:
                previous, inertia = inertia, self.squared_norms.sum() - 2 * best_score.sum(1)
                if bool((previous - inertia <= tolerance * previous).all()):
                    break
            # Share points between equally near centers, then move the centers.
            memberships /= memberships.sum(1, keepdim=True)
            farthest = (self.squared_norms - 2 * best_score).max(1).indices
            centers = self.update(memberships, self.points[farthest, None])
        return LloydSolution(centers, memberships, inertia)

    def precise_inertia(self, solution: LloydSolution) -> torch.Tensor:
        """Return the inertia (P,), recomputed from distances if float32 canceled in it."""
        min_inertia = CONSTANTS.min_inertia_ratio * self.squared_norms.sum()
        if bool((solution.inertia > min_inertia).all()):
            return solution.inertia
        assignments = solution.memberships.max(1).indices
        differences = (
            self.points - centers[assignment]
            for centers, assignment in zip(solution.centers, assignments, strict=True)
        )
        return torch.stack([difference.square().sum() for difference in differences])

    def _inertia_about_means(
        self, memberships: torch.Tensor, centers: torch.Tensor
    ) -> torch.Tensor:
        """Compute the inertia (P,) of clusters about their means from the norms of the means."""
        explained = (memberships.sum(2) * centers.square().sum(2)).sum(1)
        return self.squared_norms.sum() - explained
