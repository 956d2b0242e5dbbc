"""Our K-Means sweep beside scikit-learn's on the same points, in one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sklearn
import torch
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from scenerep_ros.clustering.feature_points import feature_points
from scenerep_ros.clustering.kmeans.sweep import kmeans_sweep
from scenerep_ros.clustering.knee_kmeans import knee
from scenerep_ros.frames import Features

SIZES = range(2, 11)
Sweep = Callable[[int], list[float]]


def kmeans_benchmark(
    features: NDArray[np.float32], seed: int = 0, repeats: int = 5
) -> dict[str, Any]:
    """Time both over k = 2..10 with the knee, turn and turn about, each time with a new seed.

    scikit-learn runs with its defaults: k-means++ and, hence, one start for each k (n_init).

    Args:
        features: (h, w, C) float32.
        seed: of the first repetition; the others count up from it.
        repeats: number of repetitions.

    Returns:
        `ratio` (how many times faster ours is), `milliseconds` {ours, sklearn} (medians of a
        sweep), `inertia` {ours, sklearn} (a list over k: means over the seeds), `inertia_ratio`
        (ours / sklearn, a list over k), `k` {ours, sklearn} (at the knee, for the last seed),
        `sizes`, `grid`, `threads` and the `sklearn` version.
    """
    grid = torch.from_numpy(np.ascontiguousarray(features, np.float32))
    points = feature_points(Features(grid, grid.mean((0, 1))), components=0)
    sweeps: dict[str, Sweep] = {"ours": _ours(points), "sklearn": _sklearn(points.numpy())}
    times: dict[str, list[float]] = {name: [] for name in sweeps}
    curves: dict[str, list[list[float]]] = {name: [] for name in sweeps}
    for repeat in range(-1, repeats):  # the first one warms up
        for name, sweep in sweeps.items():
            elapsed, curve = _timed(sweep, seed + max(repeat, 0))
            if repeat >= 0:
                times[name].append(elapsed)
                curves[name].append(curve)
    medians = {name: float(np.median(values)) for name, values in times.items()}
    inertia = {name: np.mean(values, axis=0) for name, values in curves.items()}
    return {
        "ratio": medians["sklearn"] / medians["ours"],
        "milliseconds": medians,
        "inertia": {name: values.tolist() for name, values in inertia.items()},
        "inertia_ratio": (inertia["ours"] / inertia["sklearn"]).tolist(),
        "k": {name: knee(SIZES, values[-1]) for name, values in curves.items()},
        "sizes": list(SIZES),
        "grid": list(features.shape),
        "threads": torch.get_num_threads(),
        "sklearn": sklearn.__version__,
    }


def _ours(points: torch.Tensor) -> Sweep:
    return lambda seed: kmeans_sweep(points, SIZES, seed).inertia.tolist()


def _sklearn(points: NDArray[np.float32]) -> Sweep:
    return lambda seed: [float(KMeans(k, random_state=seed).fit(points).inertia_) for k in SIZES]


def _timed(sweep: Sweep, seed: int) -> tuple[float, list[float]]:
    start = time.perf_counter()
    curve: Sequence[float] = sweep(seed)
    knee(SIZES, curve)
    return (time.perf_counter() - start) * 1e3, list(curve)
