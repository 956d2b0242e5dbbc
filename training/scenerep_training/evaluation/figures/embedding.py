"""Embeddings of features in the plane, and neighborhood metrics of the features themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenerep_training.evaluation.figures import charts
from scenerep_training.evaluation.framework.protocol import Metrics

Points = NDArray[np.float64]

MAX_PERPLEXITY = 30.0
TSNE_COMPONENTS = 50
"""Principal components that are the input of t-SNE, as its authors recommend."""
MIN_SAMPLES = 4
"""Samples below which neighborhoods are meaningless."""
MAX_LEGEND_GROUPS = 20
"""Groups that a legend can distinguish."""


def principal_components(features: Points) -> tuple[Points, float]:
    """Project features on their first two principal components.

    Args:
        features: (n, C) float64, n at least 2.

    Returns:
        (n, 2) float64, and their share of the variance; NaN without any variance.
    """
    centered = features - features.mean(axis=0)
    left, scale, _ = np.linalg.svd(centered, full_matrices=False)
    points = np.zeros((len(features), 2))
    points[:, : scale.size] = (left * scale)[:, :2]
    total = float((scale**2).sum())
    return points, float((scale[:2] ** 2).sum()) / total if total else float("nan")


def t_sne(features: Points, seed: int) -> Points:
    """Embed features by t-SNE (van der Maaten and Hinton, JMLR 2008) of their components.

    Args:
        features: (n, C) float64, n at least MIN_SAMPLES.
        seed: of the random numbers.

    Returns:
        (n, 2) float64, the same for the same seed.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    count = min(TSNE_COMPONENTS, *features.shape)
    reduced = PCA(count, random_state=seed).fit_transform(features)
    estimator = TSNE(perplexity=perplexity(len(features)), init="pca", random_state=seed)
    with threadpool_limits(1):  # the order of sums over threads is random and moves the points
        return np.asarray(estimator.fit_transform(reduced), np.float64)


def perplexity(count: int) -> float:
    """Return the perplexity for a number of samples, at most a third of the neighbors.

    >>> perplexity(1000), perplexity(31), perplexity(4)
    (30.0, 10.0, 1.0)
    """
    return min(MAX_PERPLEXITY, (count - 1) / 3)


def neighborhood_metrics(features: Points, groups: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """Measure the separation of groups by cosine distance, for each sample.

    Args:
        features: (n, C) float64, n at least MIN_SAMPLES.
        groups: (n,) names.

    Returns:
        (n,) float64 each: `same_group`, 1 if the nearest other sample is in the same group;
        `silhouette` (Rousseeuw, 1987), NaN with fewer than 2 groups or with single samples only.
    """
    from sklearn.metrics import silhouette_samples
    from sklearn.neighbors import NearestNeighbors

    names = np.asarray(groups)
    neighbors = NearestNeighbors(n_neighbors=1, metric="cosine").fit(features)
    nearest = neighbors.kneighbors()[1][:, 0]
    silhouette = np.full(len(features), np.nan)
    if 1 < np.unique(names).size < len(features):
        silhouette = silhouette_samples(features, names, metric="cosine")
    return {"same_group": (names[nearest] == names).astype(float), "silhouette": silhouette}


def mean_by_group(
    values: Mapping[str, NDArray[np.float64]], groups: Sequence[str]
) -> dict[str, Metrics]:
    """Average each metric over each group, if there are several, and over all samples."""
    names = np.asarray(groups)
    masks = {name: names == name for name in dict.fromkeys(groups)}
    masks = masks if len(masks) > 1 else {}
    masks["all"] = np.ones(len(names), bool)
    return {
        group: {name: float(column[mask].mean()) for name, column in values.items()}
        for group, mask in masks.items()
    }


def plot_plane(points: Points, groups: Sequence[str], title: str, path: Path) -> None:
    """Write a scatter plot, colored by group, or by order with a single or too many groups.

    Args:
        points: (n, 2) float64.
        groups: (n,) names.
        title: method of the embedding.
        path: of the PNG.
    """
    names = list(dict.fromkeys(groups))
    with charts.new_figure(4.8, 4.7) as figure:
        axes = figure.subplots()
        if 1 < len(names) <= MAX_LEGEND_GROUPS:
            for index, name in enumerate(names):
                x, y = points[[group == name for group in groups]].T
                color, marker = charts.color(index), charts.marker(index)
                axes.plot(x, y, marker, color=color, markersize=5.5, mew=0, alpha=0.85, label=name)
            figure.legend(loc="outside lower left", ncols=3)
        else:
            order = range(len(points)) if len(names) == 1 else [names.index(g) for g in groups]
            x, y = points.T
            colored = axes.scatter(x, y, s=18, linewidths=0, c=list(order), cmap="viridis")
            label = "order in the recording" if len(names) == 1 else f"one of {len(names)} groups"
            figure.colorbar(colored, label=label)
        axes.set_title(title)
        axes.set(xticks=[], yticks=[])
        charts.write_png(figure, path)
