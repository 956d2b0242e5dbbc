from __future__ import annotations

import torch
import torch.nn.functional as F
from scenerep_training.evaluation.label_propagation.feature_matching import (
    CONTEXT,
    RADIUS,
    FeatureMatching,
)


def frame(object_at, width=40):
    """(1, width) cells of orthogonal ground and object."""
    features = F.one_hot((torch.arange(width) == object_at).long(), 2).float()[None]
    return features, features.clone()


def test_the_first_frame_is_found_wherever_the_object_has_moved_to():
    matching = FeatureMatching(*frame(3))
    features, labels = frame(35)
    everywhere = torch.ones(1, 40, dtype=torch.bool)
    torch.testing.assert_close(
        matching(features, everywhere).argmax(1), labels.flatten(0, 1).argmax(1)
    )


def test_later_frames_are_searched_nearby_and_forgotten_after_a_while():
    ground = torch.zeros(1, 40, 3)
    ground[..., 0] = 1
    start = torch.zeros(1, 40, 2)
    start[..., 0], start[0, 3] = 1, torch.tensor([0.0, 1.0])
    matching = FeatureMatching(ground, start)
    novel, labels = ground.clone(), torch.zeros(1, 40, 2)
    novel[0, 20] = torch.tensor([0.0, 0.0, 1.0])
    labels[..., 0], labels[0, 20] = 1, torch.tensor([0.0, 1.0])
    everywhere = torch.ones(1, 40, dtype=torch.bool)
    matching.remember(novel, labels, everywhere)

    def share(at):
        query, where = ground.clone(), torch.zeros(1, 40, dtype=torch.bool)
        query[0, at], where[0, at] = torch.tensor([0.0, 0.0, 1.0]), True
        return float(matching(query, where)[0, 1])

    assert share(20 + RADIUS) > 0.9
    assert share(20 + RADIUS + 1) < 0.3
    for _ in range(CONTEXT):
        matching.remember(ground, start, everywhere)
    assert share(20) < 0.3
