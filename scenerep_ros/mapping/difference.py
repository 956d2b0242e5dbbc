"""Changes between two maps of one place: objects that were added, removed or moved.

A segment that one map has and the other has not is no change if the other map shows the same space
to be occupied. So an object counts as removed only where the second map has seen free space, and as
added only where the first one has. The views of each map are aligned with the other map first,
since a surface that is displaced by the error of a pose has not changed either.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from scenerep_ros.config.constants import tuned
from scenerep_ros.errors import SourceError
from scenerep_ros.frames import MapObject
from scenerep_ros.geometry.subsampling import subsample
from scenerep_ros.mapping.joined_parts import centered_features, join_parts
from scenerep_ros.mapping.map_snapshot import MapSnapshot
from scenerep_ros.mapping.poses.view_alignment import align_views
from scenerep_ros.mapping.views.map_views import Evidence, MapViews

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class DifferenceConstants:
    """Tuned constants of the comparison of maps."""

    min_free_ratio: float = tuned(
        0.5,
        "ratio of an object's points that the other map must show to be free, of those it has seen",
        set_on="argument: the majority; unseen points say nothing",
    )
    min_seen_ratio: float = tuned(
        0.5,
        "ratio of an object's points that the other map must have seen",
        set_on="argument: the majority",
    )
    min_similarity: float = tuned(
        0.4,
        "similarity of features from which an added object may be a removed one",
        set_on="argument: features are centered, so different objects are at 0 on average",
    )
    min_unseen_similarity: float = tuned(
        0.6,
        "similarity from which an object where the first map has seen nothing is a removed one",
        set_on="argument: the place says nothing, so the feature must be surer",
    )
    max_size_ratio: float = tuned(
        2.0,
        "ratio of the volumes' cubic roots up to which two objects may be one",
        set_on="argument: another side of the object is visible",
    )
    compared_points: int = tuned(
        10_000, "number of points of a map that measure the agreement", set_on="argument: time"
    )
    min_overlap: float = tuned(
        0.01,
        "ratio of common surface below which maps show different places",
        set_on="argument: stray views of a neighboring room",
    )
    min_agreement: float = tuned(
        0.5,
        "ratio of the common surface that must be in place in both maps of one world frame",
        set_on="argument: the majority; walls and floor do not move",
    )


CONSTANTS = DifferenceConstants()


@dataclass(frozen=True)
class Move:
    """An object that is at another place in the second map.

    Attributes:
        before: the object in the first map.
        after: the object in the second map.
    """

    before: MapObject
    after: MapObject

    @property
    def distance(self) -> float:
        """Distance between the centers [m]."""
        return float(np.linalg.norm(self.after.box.center - self.before.box.center))


@dataclass(frozen=True)
class MapDifference:
    """Changes from one map to another.

    Attributes:
        added: objects of the second map, in space that was free.
        removed: objects of the first map, whose space is free in the second.
        moved: objects that were removed at one place and resemble one at another, where the first
            map has seen free space or nothing.
        unseen: objects of the first map whose space the second has not seen.
        overlap: ratio of the surface of each map that the other has seen, as surface or free space.
        agreement: ratio of this common surface that both maps show as surface.
    """

    added: tuple[MapObject, ...]
    removed: tuple[MapObject, ...]
    moved: tuple[Move, ...]
    unseen: tuple[MapObject, ...]
    overlap: float = 1.0
    agreement: float = 1.0

    @property
    def problem(self) -> str:
        """Reason why the maps cannot be compared; empty without one."""
        if self.overlap < CONSTANTS.min_overlap:
            return "the maps have no surface in common"
        if self.agreement < CONSTANTS.min_agreement:
            return f"only {100 * self.agreement:.0f} percent of the common surface is unchanged"
        return ""


def compare_maps(before: MapSnapshot, after: MapSnapshot) -> MapDifference:
    """Find the changes between two maps whose poses have the same world frame.

    Raises:
        SourceError: if the features of the maps have different sizes.
    """
    mean = _mean_feature(before, after)
    views_before = align_views(before.views, after.views)
    views_after = align_views(after.views, before.views)
    gone, unseen = _objects_in_free_space(before, views_after)
    new, newly_seen = _objects_in_free_space(after, views_before)
    stayed = _others(before, gone + unseen), _others(after, new + newly_seen)
    gone, new = join_parts(gone, before, mean), join_parts(new, after, mean)
    min_similarity = [CONSTANTS.min_similarity] * len(new)
    min_similarity += [CONSTANTS.min_unseen_similarity] * len(newly_seen)
    moves = _pair(gone, new + newly_seen, min_similarity, stayed, mean)
    moved_before = {move.before.id for move in moves}
    moved_after = {move.after.id for move in moves}
    overlap, agreement = _measure_agreement((before, views_after), (after, views_before))
    return MapDifference(
        added=tuple(item for item in new if item.id not in moved_after),
        removed=tuple(item for item in gone if item.id not in moved_before),
        moved=tuple(moves),
        unseen=tuple(unseen),
        overlap=overlap,
        agreement=agreement,
    )


def _measure_agreement(*compared: tuple[MapSnapshot, MapViews]) -> tuple[float, float]:
    """Return the ratios `overlap` and `agreement` of maps, each with the views of the other."""
    counts = np.zeros(len(Evidence), np.intp)
    for snapshot, views in compared:
        sample = subsample(snapshot.points.positions, CONSTANTS.compared_points)
        counts += np.bincount(views.evidence(sample), minlength=len(Evidence))
    common = counts[Evidence.OCCUPIED] + counts[Evidence.FREE]
    overlap = common / max(int(counts.sum()), 1)
    return float(overlap), float(counts[Evidence.OCCUPIED] / max(int(common), 1))


def _objects_in_free_space(
    snapshot: MapSnapshot, views: MapViews
) -> tuple[list[MapObject], list[MapObject]]:
    """Return the objects of a map whose space is free in the views of another, and unseen ones."""
    points = snapshot.object_points()
    free, unseen = [], []
    for item in snapshot.objects:
        if item.id not in points:
            continue
        state = views.evidence(points[item.id])
        counts = np.bincount(state, minlength=len(Evidence))
        seen_count = len(state) - counts[Evidence.UNSEEN]
        if seen_count < CONSTANTS.min_seen_ratio * len(state):
            unseen.append(item)
        elif counts[Evidence.FREE] >= CONSTANTS.min_free_ratio * seen_count:
            free.append(item)
    return free, unseen


def _mean_feature(*snapshots: MapSnapshot) -> Floats:
    features = [item.feature for snapshot in snapshots for item in snapshot.objects]
    sizes = sorted({len(feature) for feature in features})
    if len(sizes) > 1:
        raise SourceError(
            f"the maps have features of {' and '.join(map(str, sizes))} channels, so they were made "
            "with different networks; map both recordings with one"
        )
    return np.asarray(np.mean(features, axis=0) if features else np.zeros(1), np.float32)


def _others(snapshot: MapSnapshot, items: list[MapObject]) -> list[MapObject]:
    """Return the objects of a map without some of them."""
    ids = {item.id for item in items}
    return [item for item in snapshot.objects if item.id not in ids]


def _pair(
    gone: list[MapObject],
    new: list[MapObject],
    min_similarity: list[float],
    stayed: tuple[list[MapObject], list[MapObject]],
    mean: Floats,
) -> list[Move]:
    """Pair removed with other objects of similar feature and size, most similar first.

    A feature that also resembles an object that stayed says nothing about identity. So a pair must
    be more similar than each of both is to the objects that stayed, in the map of the other.

    Args:
        gone: objects of the first map.
        new: objects of the second map.
        min_similarity: similarity from which each of `new` may be one of `gone`.
        stayed: objects of the first and of the second map that have not changed.
        mean: (C,) mean feature.
    """
    if not gone or not new:
        return []
    similarity = centered_features(gone, mean) @ centered_features(new, mean).T
    rivals_of_gone = _largest_similarity(gone, stayed[1], mean)
    rivals_of_new = _largest_similarity(new, stayed[0], mean)
    min_similarities = np.maximum(
        np.maximum(rivals_of_gone[:, None], rivals_of_new), min_similarity
    )
    before, after = (
        np.array([np.cbrt(max(float(item.box.size.prod()), 1e-9)) for item in items])
        for items in (gone, new)
    )
    ratio = before[:, None] / after
    is_possible = (similarity >= min_similarities) & (
        np.maximum(ratio, 1 / ratio) <= CONSTANTS.max_size_ratio
    )
    score = np.where(is_possible, similarity, 0)
    pairs = zip(*linear_sum_assignment(score, maximize=True), strict=True)
    return [Move(gone[i], new[j]) for i, j in pairs if is_possible[i, j]]


def _largest_similarity(items: list[MapObject], others: list[MapObject], mean: Floats) -> Floats:
    """Return the similarity (n,) of each object to the most similar one of others; -1 without any."""
    if not others:
        return np.full(len(items), -1, np.float32)
    similarity = centered_features(items, mean) @ centered_features(others, mean).T
    return np.asarray(similarity.max(axis=1), np.float32)
