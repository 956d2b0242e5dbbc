"""Comparison of the K-Means sweep with scikit-learn's on the same points."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.clustering.feature_points import feature_points
from scenerep_ros.clustering.kmeans.feature_kmeans import find_knee
from scenerep_ros.clustering.kmeans.sweep import kmeans_sweep
from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import Features

SIZES = range(2, 11)
"""Numbers of clusters of a sweep."""
Sweep = Callable[[int], list[float]]
"""Returns the inertia for each number of clusters, for a seed."""


def kmeans_benchmark(
    features: NDArray[np.float32], seed: int = 0, repeats: int = 5
) -> dict[str, Any]:
    """Measure both sweeps over k = 2..10 with the knee, alternately, each time with a new seed.

    scikit-learn runs with its defaults: k-means++ and therefore one start per k (n_init).

    Args:
        features: (h, w, C) float32.
        seed: seed of the first repetition; each repetition adds one.
        repeats: number of repetitions.

    Returns:
        `ratio` (scikit-learn's time as a multiple of ours), `milliseconds` {ours, sklearn} (medians
        of a sweep), `inertia` {ours, sklearn} (means over the seeds, per k), `inertia_ratio`
        (ours / sklearn, per k), `k` {ours, sklearn} (at the knee, for the last seed), `sizes`,
        `grid` and the `sklearn` version.

    Raises:
        ConfigError: if scikit-learn is not installed.
    """
    sklearn = _import_sklearn()
    points = feature_points(Features(features, features.mean((0, 1))), components=0)
    sweeps = {"ours": _our_sweep(points), "sklearn": _sklearn_sweep(points)}
    times, curves = _measure(sweeps, seed, repeats)
    medians = {name: float(np.median(values)) for name, values in times.items()}
    inertia = {name: np.mean(values, axis=0) for name, values in curves.items()}
    return {
        "ratio": medians["sklearn"] / medians["ours"],
        "milliseconds": medians,
        "inertia": {name: values.tolist() for name, values in inertia.items()},
        "inertia_ratio": (inertia["ours"] / inertia["sklearn"]).tolist(),
        "k": {name: find_knee(SIZES, values[-1]) for name, values in curves.items()},
        "sizes": list(SIZES),
        "grid": list(features.shape),
        "sklearn": sklearn.__version__,
    }


def _import_sklearn() -> ModuleType:
    try:
        import sklearn
    except ModuleNotFoundError as error:
        raise ConfigError(
            "the comparison of K-Means needs scikit-learn, which is not installed; "
            'pip install "scenerep_ros[bench]"'
        ) from error
    return sklearn


def _measure(
    sweeps: dict[str, Sweep], seed: int, repeats: int
) -> tuple[dict[str, list[float]], dict[str, list[list[float]]]]:
    """Return the times [ms] and the inertia curves of each sweep, without the first, warm-up run."""
    times: dict[str, list[float]] = {name: [] for name in sweeps}
    curves: dict[str, list[list[float]]] = {name: [] for name in sweeps}
    for repeat in range(-1, repeats):
        for name, sweep in sweeps.items():
            elapsed_ms, curve = _measure_once(sweep, seed + max(repeat, 0))
            if repeat >= 0:
                times[name].append(elapsed_ms)
                curves[name].append(curve)
    return times, curves


def _our_sweep(points: NDArray[np.float32]) -> Sweep:
    return lambda seed: kmeans_sweep(points, SIZES, seed).inertia.tolist()


def _sklearn_sweep(points: NDArray[np.float32]) -> Sweep:
    from sklearn.cluster import KMeans

    return lambda seed: [float(KMeans(k, random_state=seed).fit(points).inertia_) for k in SIZES]


def _measure_once(sweep: Sweep, seed: int) -> tuple[float, list[float]]:
    start = time.perf_counter()
    curve: Sequence[float] = sweep(seed)
    find_knee(SIZES, curve)
    return (time.perf_counter() - start) * 1e3, list(curve)
