"""Which surface pieces are one object although an edge parts them.

Depth edges part more than objects: an object in front cuts the one behind it in two, and the rim of
a bowl parts its inside from its outside. Both show in the pieces' shapes, and colour forbids some of
what shapes alone would allow.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from scenerep_ros.geometry.inverse_depth import InverseDepthImage
from scenerep_ros.ops.regions import region_adjacency, sample_regions

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]
Pairs = NDArray[np.intp]
Indices = NDArray[np.intp]

HOLLOW = 0.01
"""Bend of inverse depth over a piece's own radius that makes it the inside of something, metres at
1 m. Bowls and cups of the Object Segmentation Database have 0.02 to 0.16; boxes and cans, which
bend outwards, less than 0."""
SAME_PLANE = 1.15
"""Times its own misfit which a piece may have to the plane through it and another one."""
NEARER = 0.005
"""Inverse metres by which what hides a surface is nearer."""
HIDDEN = 0.9
"""Share of the line between two pieces that must be hidden. It is all of it for the parts of
one object in the Object Segmentation Database."""
LEAST_HIDDEN = 0.2
"""Share of the line between two centres: what is side by side hides nothing."""
OTHER_COLOR = 30.0
"""Distance in the a, b plane of CIELAB between the mean colours of pieces from which they are no
one object, however they fit. Lightness is left out: it changes with the direction of a face. Of
the pairs that fit in the Object Segmentation Database and in the rendered table top, those of one
object have 2 to 26, and most of the others 31 to 45."""
LINE = np.linspace(0, 1, 40)
"""Where to look between two pieces."""


def merge_pieces(labels: Labels, view: InverseDepthImage, color: NDArray[np.uint8]) -> Labels:
    """Give the pieces of one object one label.

    Args:
        labels: (H, W) int32, 1..K without gaps, and so returned; 0 = no piece.
        view: of the depth.
        color: (H, W, 3) uint8 RGB.
    """
    count = int(labels.max()) + 1
    if count < 3:
        return labels
    samples = sample_regions(labels)
    alike = _alike(color, samples)
    joined = np.zeros((count, count), bool)
    for pairs in (
        hidden_continuations(labels, view, samples, alike),
        insides(labels, view, samples, alike),
    ):
        joined[pairs[:, 0], pairs[:, 1]] = True
    _, names = connected_components(joined, directed=False)
    return names.astype(np.int32)[labels]


def _alike(color: NDArray[np.uint8], samples: list[Indices]) -> Mask:
    """(K + 1, K + 1): whether the mean colours of two pieces can be one object's."""
    pixels = color.reshape(-1, 3)[np.concatenate(samples)].astype(np.float32) / 255
    ends = np.cumsum([len(group) for group in samples])
    groups = np.split(cv2.cvtColor(pixels[None], cv2.COLOR_RGB2Lab)[0, :, 1:], ends[:-1])
    mean = np.array([group.sum(axis=0) / max(len(group), 1) for group in groups])
    return np.linalg.norm(mean[:, None] - mean, axis=2) < OTHER_COLOR


def hidden_continuations(
    labels: Labels, view: InverseDepthImage, samples: list[Indices], alike: Mask
) -> Pairs:
    """Find pairs (N, 2) that lie on one surface and have only nearer pieces between them.

    Between the two, the line through their centres must run over pieces before the surface through
    both, or over holes in the depth: what lies in that surface hides nothing.
    """
    planes = _Planes.fit(view, samples)
    pairs = np.argwhere(np.triu(planes.agree() & alike, 1))
    pairs = pairs[pairs[:, 0] > 0]
    v, u = _lines(samples, pairs, labels.shape[1])
    seen = labels[v, u]
    between = (seen != pairs[:, :1]) & (seen != pairs[:, 1:])
    surface = np.einsum("pnk,pk->pn", view.rays[v, u], planes.through(pairs))
    before = (seen > 0) & (view.values[v, u] > surface + NEARER)
    hidden = between & (before | ~view.valid[v, u])
    enough = np.maximum(HIDDEN * between.sum(axis=1), LEAST_HIDDEN * len(LINE))
    return pairs[hidden.sum(axis=1) >= enough]


def _lines(samples: list[Indices], pairs: Pairs, width: int) -> tuple[Indices, Indices]:
    """Rows and columns (N, 40) of the pixels on the lines between two pieces' centres."""
    centres = np.zeros((len(samples), 2))
    for piece, pixels in enumerate(samples[1:], 1):
        centres[piece] = np.mean(np.divmod(pixels, width), axis=1)
    start, end = centres[pairs[:, 0], :, None], centres[pairs[:, 1], :, None]
    rows_columns = np.rint(start + (end - start) * LINE).astype(np.intp)
    return rows_columns[:, 0], rows_columns[:, 1]


@dataclass(frozen=True)
class _Planes:
    """Least-squares planes w = g . ray of pieces, as their normal equations a piece.

    Each piece has the weight 1, whatever its size, so that the plane through two is fair to both.
    """

    matrix: NDArray[np.float64]
    moment: NDArray[np.float64]
    power: NDArray[np.float64]

    @classmethod
    def fit(cls, view: InverseDepthImage, samples: list[Indices]) -> _Planes:
        rays, w = view.rays.reshape(-1, 3), view.values.ravel()
        matrix, moment, power = [np.eye(3)], [np.zeros(3)], [0.0]
        for pixels in samples[1:]:
            r, depth = rays[pixels].astype(np.float64), w[pixels].astype(np.float64)
            matrix.append(r.T @ r / len(r) + 1e-9 * np.eye(3))
            moment.append(r.T @ depth / len(r))
            power.append(float(depth @ depth) / len(r))
        return cls(np.array(matrix), np.array(moment), np.array(power))

    def through(self, pairs: Pairs) -> NDArray[np.float64]:
        """The planes (..., 3) through pairs (..., 2) of pieces."""
        matrix, moment = self.matrix[pairs].sum(axis=-3), self.moment[pairs].sum(axis=-2)
        return np.linalg.solve(matrix, moment[..., None])[..., 0]

    def agree(self) -> Mask:
        """(K + 1, K + 1): whether the plane through both fits each as well as its own does."""
        every = np.moveaxis(np.indices((len(self.power),) * 2), 0, -1)
        misfit = self._misfit(self.through(every))
        own = np.diagonal(misfit)
        limit = SAME_PLANE * np.maximum(own[:, None], own[None]) + 0.002
        return np.maximum(misfit, misfit.T) < limit

    def _misfit(self, planes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Root mean square distance of piece i from planes[i, j], metres at 1 m."""
        quadratic = np.einsum("ijk,ikl,ijl->ij", planes, self.matrix, planes)
        linear = np.einsum("ijk,ik->ij", planes, self.moment)
        return np.sqrt(np.maximum(quadratic - 2 * linear + self.power[:, None], 0))


def insides(labels: Labels, view: InverseDepthImage, samples: list[Indices], alike: Mask) -> Pairs:
    """Pair (N, 2) hollow pieces with the piece that stands before most of their border."""
    meetings, nearer = region_adjacency(labels, view.values)
    in_front = np.where((nearer > 0) & alike, meetings * nearer, 0)
    hollow = [
        piece
        for piece in np.flatnonzero(in_front.any(axis=1))
        if _curvature(view, samples[piece]) > HOLLOW
    ]
    return np.stack([hollow, in_front[hollow].argmax(axis=1)], axis=1).astype(np.intp)


def _curvature(view: InverseDepthImage, pixels: Indices) -> float:
    """Laplacian of inverse depth, over the piece's radius; positive where it is hollow."""
    v, u = np.divmod(pixels, view.values.shape[1])
    x, y = u - u.mean(), v - v.mean()
    radius = max(float(np.sqrt(x.var() + y.var())), 1.0)
    x, y = x / radius, y / radius
    terms = np.stack([x * x, y * y, x * y, x, y, np.ones_like(x)], axis=1)
    normal = terms.T @ terms + 1e-6 * np.eye(6)
    fit = np.linalg.solve(normal, terms.T @ view.values.ravel()[pixels])
    return float(2 * (fit[0] + fit[1]))
