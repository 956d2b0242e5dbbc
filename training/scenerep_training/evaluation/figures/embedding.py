"""Features brought down to the plane, and how they lie before that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenerep_training.evaluation.figures import charts
from scenerep_training.evaluation.framework.protocol import Figures

Points = NDArray[np.float64]
PERPLEXITY = 30.0
COMPONENTS = 50
"""Principal components that t-SNE starts from, as its authors advise."""
FEWEST = 4
"""Samples below which neighbourhoods mean nothing."""
MOST_NAMED = 20
"""Groups that a legend can tell apart."""


def principal_components(features: Points) -> tuple[Points, float]:
    """First two principal components.

    Args:
        features: (n, C), n at least 2.

    Returns:
        (n, 2) float64, and the share of the variance that they hold; NaN where there is none.
    """
    centred = features - features.mean(axis=0)
    left, scale, _ = np.linalg.svd(centred, full_matrices=False)
    points = np.zeros((len(features), 2))
    points[:, : scale.size] = (left * scale)[:, :2]
    total = float((scale**2).sum())
    return points, float((scale[:2] ** 2).sum()) / total if total else float("nan")


def t_sne(features: Points, seed: int) -> Points:
    """Embed by t-SNE (van der Maaten & Hinton, JMLR 2008), from the principal components.

    Args:
        features: (n, C), n at least FEWEST.
        seed: the same one gives the same plane.

    Returns:
        (n, 2) float64.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    count = min(COMPONENTS, *features.shape)
    reduced = PCA(count, random_state=seed).fit_transform(features)
    plane = TSNE(perplexity=perplexity(len(features)), init="pca", random_state=seed)
    with threadpool_limits(1):  # threads add up in any order, which moves the points
        return np.asarray(plane.fit_transform(reduced), np.float64)


def perplexity(count: int) -> float:
    """Perplexity for so many samples: three neighbours each must exist for every unit of it.

    >>> perplexity(1000), perplexity(31), perplexity(4)
    (30.0, 10.0, 1.0)
    """
    return min(PERPLEXITY, (count - 1) / 3)


def neighbourhoods(features: Points, groups: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """How far groups keep to themselves, by cosine distance, a sample.

    Args:
        features: (n, C), n at least FEWEST.
        groups: (n,) names.

    Returns:
        (n,) float64 each: `same_group`, 1 where the nearest other sample is of the same group;
        `silhouette` (Rousseeuw, 1987), NaN where there are fewer than 2 groups, or only single ones.
    """
    from sklearn.metrics import silhouette_samples
    from sklearn.neighbors import NearestNeighbors

    names = np.asarray(groups)
    nearest = NearestNeighbors(n_neighbors=1, metric="cosine").fit(features).kneighbors()[1][:, 0]
    silhouette = np.full(len(features), np.nan)
    if 1 < np.unique(names).size < len(features):
        silhouette = silhouette_samples(features, names, metric="cosine")
    return {"same_group": (names[nearest] == names).astype(float), "silhouette": silhouette}


def group_figures(
    values: Mapping[str, NDArray[np.float64]], groups: Sequence[str]
) -> dict[str, Figures]:
    """Mean of each figure over each group, where there are several, and over all."""
    names = np.asarray(groups)
    parts = {name: names == name for name in dict.fromkeys(groups)}
    parts = parts if len(parts) > 1 else {}
    parts["all"] = np.ones(len(names), bool)
    return {
        group: {name: float(column[part].mean()) for name, column in values.items()}
        for group, part in parts.items()
    }


def scatter(points: Points, groups: Sequence[str], title: str, path: Path) -> None:
    """Write a plot of the plane, coloured by group; by order where there is one group only.

    Args:
        points: (n, 2).
        groups: (n,) names.
        title: what was done to come here.
        path: of the PNG.
    """
    names = list(dict.fromkeys(groups))
    with charts.new_figure(4.8, 4.7) as figure:
        axes = figure.subplots()
        if 1 < len(names) <= MOST_NAMED:
            for index, name in enumerate(names):
                x, y = points[[group == name for group in groups]].T
                dots, shape = charts.color(index), charts.marker(index)
                axes.plot(x, y, shape, color=dots, markersize=5.5, mew=0, alpha=0.85, label=name)
            figure.legend(loc="outside lower left", ncols=3)
        else:
            order = range(len(points)) if len(names) == 1 else [names.index(g) for g in groups]
            x, y = points.T
            shaded = axes.scatter(x, y, s=18, linewidths=0, c=list(order), cmap="viridis")
            label = "order in the recording" if len(names) == 1 else f"one of {len(names)} groups"
            figure.colorbar(shaded, label=label)
        axes.set_title(title)
        axes.set(xticks=[], yticks=[])
        charts.write_png(figure, path)
