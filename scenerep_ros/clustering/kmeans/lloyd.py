"""Lloyd's algorithm for many K-Means problems on the same points, as one batch.

Every problem has as many slots for centers as the largest one needs. An iteration is two matrix
products over the used slots of all problems: one scores all points against all centers, the other
sums the members of all clusters. No point is assigned to an unused slot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned


@dataclass(frozen=True)
class LloydConstants:
    """Tuned constants of Lloyd's algorithm."""

    max_iterations: int = tuned(100, "largest number of iterations", set_on="not recorded")
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

    centers: NDArray[np.float32]
    memberships: NDArray[np.float32]
    inertia: NDArray[np.float32]


class BatchedLloyd:
    """P problems of different numbers of clusters, the largest k, on the same points.

    Args:
        points: (N, D) float32, preferably of mean zero, where float32 is most precise.
        cluster_counts: number of clusters of each problem.
    """

    def __init__(self, points: NDArray[np.float32], cluster_counts: Sequence[int]) -> None:
        self.points = points
        self.squared_norms = squared_norms(points)
        self.is_used = np.arange(max(cluster_counts)) < np.array(cluster_counts)[:, None]
        self._slots = np.flatnonzero(self.is_used)

    def assign(
        self, centers: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Find the nearest center of each point.

        Args:
            centers: (P, k, D).

        Returns:
            (P, k, N) memberships, 0 or 1: a point belongs to all equally near centers, since finding
            the first of them takes longer; and (P, N) score of the nearest center, half the squared
            norm of the point minus half its squared distance.
        """
        used_centers = centers.reshape(-1, centers.shape[2])[self._slots]
        used_scores = used_centers @ self.points.T
        used_scores -= 0.5 * squared_norms(used_centers)[:, None]
        scores = np.full((self.is_used.size, len(self.points)), -np.inf, np.float32)
        scores[self._slots] = used_scores
        scores = scores.reshape(*self.is_used.shape, -1)
        best = scores.max(1, keepdims=True)
        return (scores == best).astype(np.float32), best[:, 0]

    def update(
        self, memberships: NDArray[np.float32], fallback: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Compute the mean of the members of each cluster.

        Args:
            memberships: (P, k, N).
            fallback: centers of clusters without members, broadcast to (P, k, D).

        Returns:
            (P, k, D) centers.
        """
        used_memberships = memberships.reshape(-1, memberships.shape[2])[self._slots]
        sums = np.zeros((self.is_used.size, self.points.shape[1]), np.float32)
        sums[self._slots] = used_memberships @ self.points
        sums = sums.reshape(*self.is_used.shape, -1)
        member_count = memberships.sum(2, keepdims=True)
        with np.errstate(invalid="ignore"):  # 0 / 0 of clusters without members
            return np.where(member_count > 0, sums / member_count, fallback)

    def converge(self, memberships: NDArray[np.float32], tolerance: float) -> LloydSolution:
        """Iterate until no problem's inertia decreases by more than a ratio.

        An empty cluster is moved to the point that is farthest from its center.

        Args:
            memberships: (P, k, N), initialization.
            tolerance: ratio of the inertia.
        """
        centers = self.update(memberships, np.zeros((), np.float32))
        inertia = self._inertia_about_means(memberships, centers)
        for _ in range(CONSTANTS.max_iterations):
            # Assign points and check the decrease of the inertia.
            memberships, best_score = self.assign(centers)
            previous, inertia = inertia, self.squared_norms.sum() - 2 * best_score.sum(1)
            if (previous - inertia <= tolerance * previous).all():
                break
            # Share points between equally near centers, then move the centers.
            memberships /= memberships.sum(1, keepdims=True)
            farthest = (self.squared_norms - 2 * best_score).argmax(1)
            centers = self.update(memberships, self.points[farthest, None])
        return LloydSolution(centers, memberships, inertia)

    def precise_inertia(self, solution: LloydSolution) -> NDArray[np.float32]:
        """Return the inertia (P,), recomputed from distances if float32 canceled in it."""
        min_inertia = CONSTANTS.min_inertia_ratio * self.squared_norms.sum()
        if (solution.inertia > min_inertia).all():
            return solution.inertia
        assignments = solution.memberships.argmax(1)
        differences = (
            self.points - centers[assignment]
            for centers, assignment in zip(solution.centers, assignments, strict=True)
        )
        return np.array([np.square(difference).sum() for difference in differences])

    def _inertia_about_means(
        self, memberships: NDArray[np.float32], centers: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Compute the inertia (P,) of clusters about their means from the norms of the means."""
        explained = (memberships.sum(2) * np.square(centers).sum(2)).sum(1)
        return self.squared_norms.sum() - explained


def squared_norms(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute the squared norm (N,) of each point (N, D)."""
    return np.einsum("nd,nd->n", points, points)
