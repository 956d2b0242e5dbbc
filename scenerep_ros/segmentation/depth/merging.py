"""Merging of the regions of one object that depth discontinuities separate.

An object in front divides the one behind it, and the rim of a bowl separates its inside from its
outside. Both cases show in the shapes of the regions; regions of different colors are not merged.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.geometry.inverse_depth import InverseDepthImage
from scenerep_ros.ops.region_samples import RegionSamples
from scenerep_ros.ops.regions import region_adjacency

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]
Pairs = NDArray[np.intp]
Indices = NDArray[np.intp]

MIN_REGIONS = 2  # constant: a pair has two regions
"""Number of regions from which there is something to merge."""
PLANE_REGULARIZER = 1e-9  # constant: numerical stability
QUADRIC_REGULARIZER = 1e-6  # constant: numerical stability
"""Addition to the diagonal of normal equations, so that degenerate regions have a solution."""


@dataclass(frozen=True)
class MergingConstants:
    """Tuned constants of region merging by depth."""

    min_concavity: float = tuned(
        0.01,
        "Laplacian of inverse depth over a region's radius from which it is the inside of an object",
        unit="1/m",
        set_on="Object Segmentation Database: 0.02 to 0.16 for bowls and cups, negative for boxes "
        "and cans",
    )
    max_misfit_ratio: float = tuned(
        1.15,
        "ratio of a region's misfit to the plane through two regions and its misfit to its own",
        set_on="not recorded",
    )
    misfit_tolerance: float = tuned(
        0.002, "misfit that is allowed beyond that ratio", unit="1/m", set_on="not recorded"
    )
    min_occlusion_step: float = tuned(
        0.005,
        "difference in inverse depth by which an occluder is nearer",
        unit="1/m",
        set_on="not recorded",
    )
    min_occluded_ratio: float = tuned(
        0.9,
        "ratio of the line between two regions that must be occluded",
        set_on="Object Segmentation Database: 1.0 for the parts of one object",
    )
    min_occluded_line_ratio: float = tuned(
        0.2,
        "ratio of the line between the centers of two regions that must be occluded",
        set_on="argument: adjacent regions have no occluder between them",
    )
    max_mean_ab_distance: float = tuned(
        30.0,
        "distance in the a, b plane of CIELAB between the mean colors of two regions from which they "
        "are not merged; lightness changes with the direction of a face",
        set_on="Object Segmentation Database and rendered table top, pairs of matching shape: 2 to "
        "26 for pairs of one object, 31 to 45 for most others",
    )
    line_sample_count: int = tuned(
        40, "number of points on the line between two regions", set_on="not recorded"
    )


CONSTANTS = MergingConstants()


def merge_object_regions(
    labels: Labels, samples: RegionSamples, view: InverseDepthImage, color: NDArray[np.uint8]
) -> Labels:
    """Give the regions of one object one label.

    Args:
        labels: (H, W) int32, 1..K without gaps, 0 = no region.
        samples: pixels of each region.
        view: inverse depth.
        color: (H, W, 3) uint8 RGB.

    Returns:
        (H, W) int32, 1..L without gaps, 0 = no region.
    """
    if samples.count < MIN_REGIONS:
        return labels
    has_similar_color = _have_similar_colors(color, samples)
    pairs = np.concatenate(
        [
            merge_across_occluders(labels, view, samples, has_similar_color),
            merge_concave_interiors(labels, view, samples, has_similar_color),
        ]
    )
    return _join_pairs(pairs, samples.count).take(labels)


def _join_pairs(pairs: Pairs, region_count: int) -> NDArray[np.int32]:
    """Number the connected components of pairs (N, 2) of labels 0..K; returns (K + 1,) new labels."""
    first_label = np.arange(region_count + 1)
    for pair in pairs.tolist():
        low, high = sorted(first_label[pair].tolist())
        first_label[first_label == high] = low
    return np.unique(first_label, return_inverse=True)[1].astype(np.int32)


def _have_similar_colors(color: NDArray[np.uint8], samples: RegionSamples) -> Mask:
    """Compare the mean chroma of all pairs of regions; returns (K + 1, K + 1) bool."""
    pixels = color.reshape(-1, 3).take(samples.pixels, axis=0).astype(np.float32) / 255
    mean = np.zeros((samples.count + 1, 2), np.float32)
    mean[1:] = samples.means(cv2.cvtColor(pixels[None], cv2.COLOR_RGB2Lab)[0, :, 1:])
    distance = np.linalg.norm(mean[:, None] - mean, axis=2)
    return distance < CONSTANTS.max_mean_ab_distance


def merge_across_occluders(
    labels: Labels, view: InverseDepthImage, samples: RegionSamples, has_similar_color: Mask
) -> Pairs:
    """Find pairs of regions on one plane with only nearer regions between them.

    The line between their centers must run over regions in front of the common plane, or over holes
    in the depth. A region in that plane occludes nothing.

    Args:
        labels: (H, W) int32, 1..K, 0 = no region.
        view: inverse depth.
        samples: pixels of each region.
        has_similar_color: (K + 1, K + 1) bool.

    Returns:
        (N, 2) labels to merge.
    """
    planes = _RegionPlanes.fit(view, samples)
    pairs = np.argwhere(np.triu(planes.are_coplanar() & has_similar_color, 1))
    pairs = pairs[pairs[:, 0] > 0]
    # Sample the labels on the line between the centers of each pair.
    v, u = _center_lines(samples, pairs, labels.shape[1])
    line_labels = labels[v, u]
    is_between = (line_labels != pairs[:, :1]) & (line_labels != pairs[:, 1:])
    # Compare their depth with the common plane. p: pairs, n: points on the line, k: coordinates.
    plane_depth = np.einsum("pnk,pk->pn", view.rays[v, u], planes.common_planes(pairs))
    is_nearer = view.values[v, u] > plane_depth + CONSTANTS.min_occlusion_step
    is_occluded = is_between & (((line_labels > 0) & is_nearer) | ~view.valid[v, u])
    # Require occlusion along nearly all of the line.
    min_count = np.maximum(
        CONSTANTS.min_occluded_ratio * is_between.sum(axis=1),
        CONSTANTS.min_occluded_line_ratio * CONSTANTS.line_sample_count,
    )
    return pairs[is_occluded.sum(axis=1) >= min_count]


def _center_lines(samples: RegionSamples, pairs: Pairs, width: int) -> tuple[Indices, Indices]:
    """Sample the lines between the centers of pairs of regions.

    Args:
        samples: pixels of each region.
        pairs: (N, 2) labels.
        width: width of the image [px].

    Returns:
        Rows and columns (N, line_sample_count).
    """
    centers = np.zeros((samples.count + 1, 2))
    rows_columns = np.stack(np.divmod(samples.pixels, width), axis=1)
    centers[1:] = samples.sums(rows_columns) / samples.counts[:, None]
    start, end = centers[pairs[:, 0], :, None], centers[pairs[:, 1], :, None]
    fractions = np.linspace(0, 1, CONSTANTS.line_sample_count)
    points = np.rint(start + (end - start) * fractions).astype(np.intp)
    return points[:, 0], points[:, 1]


@dataclass(frozen=True)
class _RegionPlanes:
    """Least-squares planes w = g . ray of regions, as normal equations.

    Each region has the weight 1, whatever its size, so that both count equally in a common plane.

    Attributes:
        matrix: (K + 1, 3, 3), mean of ray ray^T.
        moment: (K + 1, 3), mean of w ray.
        power: (K + 1,), mean of w^2.
    """

    matrix: NDArray[np.float64]
    moment: NDArray[np.float64]
    power: NDArray[np.float64]

    @classmethod
    def fit(cls, view: InverseDepthImage, samples: RegionSamples) -> _RegionPlanes:
        """Accumulate the normal equations of each region."""
        size = samples.count + 1
        matrix = np.tile(np.eye(3), (size, 1, 1))
        moment, power = np.zeros((size, 3)), np.zeros(size)
        r = view.rays.reshape(-1, 3).take(samples.pixels, axis=0).astype(np.float64)
        w = view.values.take(samples.pixels).astype(np.float64)
        products = samples.sums(r[:, :, None] * r[:, None])
        matrix[1:] = products / samples.counts[:, None, None] + PLANE_REGULARIZER * np.eye(3)
        moment[1:] = samples.means(r * w[:, None])
        power[1:] = samples.sums(w * w) / samples.counts
        return cls(matrix, moment, power)

    def common_planes(self, pairs: Pairs) -> NDArray[np.float64]:
        """Fit planes (..., 3) to pairs (..., 2) of regions."""
        matrix, moment = self.matrix[pairs].sum(axis=-3), self.moment[pairs].sum(axis=-2)
        return np.linalg.solve(matrix, moment[..., None])[..., 0]

    def are_coplanar(self) -> Mask:
        """Find pairs (K + 1, K + 1) whose common plane fits both as well as their own planes."""
        all_pairs = np.moveaxis(np.indices((len(self.power),) * 2), 0, -1)
        misfit = self._misfit(self.common_planes(all_pairs))
        own_misfit = np.diagonal(misfit)
        pair_misfit = np.maximum(own_misfit[:, None], own_misfit[None])
        limit = CONSTANTS.max_misfit_ratio * pair_misfit + CONSTANTS.misfit_tolerance
        return np.maximum(misfit, misfit.T) < limit

    def _misfit(self, planes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the root mean square distance of region i from planes[i, j] [1/m]."""
        # i, j: regions; k, l: coordinates.
        quadratic = np.einsum("ijk,ikl,ijl->ij", planes, self.matrix, planes)
        linear = np.einsum("ijk,ik->ij", planes, self.moment)
        return np.sqrt(np.maximum(quadratic - 2 * linear + self.power[:, None], 0))


def merge_concave_interiors(
    labels: Labels, view: InverseDepthImage, samples: RegionSamples, has_similar_color: Mask
) -> Pairs:
    """Pair concave regions with the region in front of most of their border.

    Args:
        labels: (H, W) int32, 1..K, 0 = no region.
        view: inverse depth.
        samples: pixels of each region.
        has_similar_color: (K + 1, K + 1) bool.

    Returns:
        (N, 2) labels to merge.
    """
    border_length, mean_step = region_adjacency(labels, view.values)
    in_front = np.where((mean_step > 0) & has_similar_color, border_length * mean_step, 0)
    is_behind = np.asarray(in_front.any(axis=1))
    if not is_behind.any():
        return np.empty((0, 2), np.intp)
    concavities = _concavities(view, samples.select(is_behind[1:]))
    concave = np.flatnonzero(is_behind)[concavities > CONSTANTS.min_concavity]
    return np.stack([concave, in_front[concave].argmax(axis=1)], axis=1).astype(np.intp)


def _concavities(view: InverseDepthImage, samples: RegionSamples) -> NDArray[np.float64]:
    """Fit a quadric to each region and return its Laplacian over the region's radius (K,) [1/m].

    The Laplacian of inverse depth is positive for concave regions.
    """
    # Center the coordinates, and scale them by the radius.
    positions = np.stack(np.divmod(samples.pixels, view.values.shape[1]), axis=1).astype(np.float64)
    positions -= samples.means(positions)[samples.index]
    radius = np.maximum(np.sqrt(samples.means(positions**2).sum(axis=1)), 1.0)
    y, x = (positions / radius[samples.index, None]).T
    # Solve the normal equations of w = a x^2 + b y^2 + c x y + d x + e y + f.
    terms = np.stack([x * x, y * y, x * y, x, y, np.ones_like(x)], axis=1)
    w = view.values.take(samples.pixels)
    normal_matrix = samples.sums(terms[:, :, None] * terms[:, None])
    normal_matrix += QUADRIC_REGULARIZER * np.eye(terms.shape[1])
    moment = samples.sums(terms * w[:, None])
    coefficients = np.linalg.solve(normal_matrix, moment[..., None])[..., 0]
    return np.asarray(2 * (coefficients[:, 0] + coefficients[:, 1]), np.float64)
