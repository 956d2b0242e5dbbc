"""Rediscovery of an object at another place, by its feature alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from scenerep_ros.config.constants import tuned
from scenerep_ros.mapping.objects.feature_space import FeatureSpace
from scenerep_ros.mapping.objects.object_record import ObjectRecord


@dataclass(frozen=True)
class RediscoveryConstants:
    """Tuned constants of the rediscovery of objects."""

    min_similarity: float = tuned(
        0.5,
        "similarity of features from which an object that appears is one that has gone",
        set_on="argument: features are centered, so different objects are at 0 on average",
    )
    min_margin: float = tuned(
        0.1,
        "lead over the second most similar object from which a feature is unique",
        set_on="argument: twice the deviation of an object's similarity between views",
    )


CONSTANTS = RediscoveryConstants()


def find_again(
    gone: ObjectRecord, records: Iterable[ObjectRecord], space: FeatureSpace
) -> ObjectRecord | None:
    """Return the object that appeared after another one was last seen, if it looks unique."""
    others = [item for item in records if item.id and item is not gone]
    if not others:
        return None
    features = np.array([item.feature for item in others], np.float32)
    similarity = space.similarity(gone.feature[None], features)[0]
    order = np.argsort(-similarity)
    best = others[order[0]]
    second = similarity[order[1]] if len(order) > 1 else -1.0
    is_unique = similarity[order[0]] - second >= CONSTANTS.min_margin
    is_similar = similarity[order[0]] >= CONSTANTS.min_similarity
    is_new = best.first_frame >= gone.last_frame and not best.is_gone
    return best if is_unique and is_similar and is_new else None
