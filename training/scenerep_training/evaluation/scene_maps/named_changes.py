"""Comparison of the changes that two maps show with the true ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scenerep_ros.mapping.difference import MapDifference
from scenerep_training.evaluation.scene_maps.true_objects import TrueChanges


@dataclass(frozen=True)
class ChangeScore:
    """Changes that were named, missed and named falsely.

    Attributes:
        found: true changes that are named with the right kind.
        places: places of true changes that are named at all; a moved object has two.
        true_places: number of places of true changes.
        false: changes that are named at the place of an object that has not changed.
        missed: kind and name of each true change that is not found.
        false_names: kind and name of the object at the place of each false change.
    """

    found: int
    places: int
    true_places: int
    false: int
    missed: tuple[str, ...]
    false_names: tuple[str, ...]


def score_changes(
    difference: MapDifference,
    truth: TrueChanges,
    before: Mapping[int, int],
    after: Mapping[int, int],
) -> ChangeScore:
    """Compare the changes between two maps with the true ones.

    Args:
        difference: result of `compare_maps`.
        truth: the true changes.
        before: label of the true object that most pixels of each object of the first map show.
        after: the same of the second map.
    """
    gone_labels = truth.removed | truth.moved
    new_labels = truth.added | truth.moved
    removed = [before.get(item.id, 0) for item in difference.removed]
    added = [after.get(item.id, 0) for item in difference.added]
    pairs = [
        (before.get(move.before.id, 0), after.get(move.after.id, 0)) for move in difference.moved
    ]
    moved = [first for first, second in pairs if first == second]
    named = {"removed": set(removed), "added": set(added), "moved": set(moved)}
    true = {"removed": truth.removed, "added": truth.added, "moved": truth.moved}
    gone = [("removed", label) for label in removed] + [("moved from", first) for first, _ in pairs]
    new = [("added", label) for label in added] + [("moved to", second) for _, second in pairs]
    false = [(kind, label) for kind, label in gone if label not in gone_labels]
    false += [(kind, label) for kind, label in new if label not in new_labels]
    gone_found = gone_labels & {label for _, label in gone}
    new_found = new_labels & {label for _, label in new}

    def name(label: int) -> str:
        return truth.names.get(label, "structure")

    return ChangeScore(
        found=sum(len(true[kind] & named[kind]) for kind in true),
        places=len(gone_found) + len(new_found),
        true_places=len(gone_labels) + len(new_labels),
        false=len(false),
        missed=tuple(
            f"{kind} {name(i)}" for kind in true for i in sorted(true[kind] - named[kind])
        ),
        false_names=tuple(f"{kind} {name(label)}" for kind, label in false),
    )
