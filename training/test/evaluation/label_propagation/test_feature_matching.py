from __future__ import annotations

import torch
import torch.nn.functional as F
from scenerep_training.evaluation.label_propagation.feature_matching import (
    CONTEXT_FRAMES,
    WINDOW_RADIUS,
    FeatureMatching,
)

WIDTH = 40
ALL_PATCHES = torch.ones(1, WIDTH, dtype=torch.bool)


def object_frame(column):
    """Features and labels (1, WIDTH, 2) of an object at one patch, orthogonal to its ground."""
    features = F.one_hot((torch.arange(WIDTH) == column).long(), 2).float()[None]
    return features, features.clone()


def one_hot_frame(channels, **marked):
    """Grid (1, WIDTH, channels) of channel 0, with `at` in channel `channel`."""
    grid = torch.zeros(1, WIDTH, channels)
    grid[..., 0] = 1
    if marked:
        grid[0, marked["at"]] = F.one_hot(torch.tensor(marked["channel"]), channels).float()
    return grid


def test_matching_finds_first_frame_object_at_any_distance():
    matching = FeatureMatching(*object_frame(3))
    features, labels = object_frame(35)
    predicted = matching(features, ALL_PATCHES).argmax(1)
    torch.testing.assert_close(predicted, labels.flatten(0, 1).argmax(1))


def test_matching_limits_recent_frames_to_window_and_context():
    ground, first_labels = one_hot_frame(3), one_hot_frame(2, at=3, channel=1)
    matching = FeatureMatching(ground, first_labels)
    new_feature, new_labels = one_hot_frame(3, at=20, channel=2), one_hot_frame(2, at=20, channel=1)
    matching.add_frame(new_feature, new_labels, ALL_PATCHES)

    def object_share(column):
        query, mask = one_hot_frame(3, at=column, channel=2), torch.zeros_like(ALL_PATCHES)
        mask[0, column] = True
        return float(matching(query, mask)[0, 1])

    assert object_share(20 + WINDOW_RADIUS) > 0.9
    assert object_share(20 + WINDOW_RADIUS + 1) < 0.3
    for _ in range(CONTEXT_FRAMES):
        matching.add_frame(ground, first_labels, ALL_PATCHES)
    assert object_share(20) < 0.3
