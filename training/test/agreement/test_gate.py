"""Tests of the gate that compares networks without labels."""

from __future__ import annotations

import numpy as np
import pytest
from scenerep_training.agreement.gate import Gate, compare
from scenerep_training.agreement.samples import FORGETTING, Sample, held_back_samples
from scenerep_training.agreement.scoring import SCORE, Scorer
from scenerep_training.data.held_out import hold_out
from scenerep_training.data.recordings import open_recordings
from scenerep_training.evaluation.label_propagation.warping import NearestBackwardWarp

from scenerep_ros.backbones import load_backbone
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.filesystem.share import sample_sequence


def samples(held_back, forgetting):
    pixels = np.zeros((4, 4), np.intp)
    warp = NearestBackwardWarp(pixels, pixels, pixels > 0, False)
    image = np.zeros((4, 4, 3), np.uint8)
    groups = ["room"] * held_back + [FORGETTING] * forgetting
    return [
        Sample(f"{group}/{index}", group, (image, image), (None, None), warp)
        for index, group in enumerate(groups)
    ]


def rows(*values):
    return [{SCORE: value} for value in values]


@pytest.mark.parametrize(
    ("held_back", "forgetting", "accepted"),
    [(0.52, 0.5, True), (0.498, 0.5, True), (0.48, 0.5, False), (0.52, 0.48, False)],
)
def test_verdict_refuses_loss_of_over_half_point(held_back, forgetting, accepted):
    values = [held_back] * 3 + [forgetting] * 2
    verdict = compare(samples(3, 2), rows(*[0.5] * 5), rows(*values))
    assert verdict.is_accepted == accepted
    assert verdict.gain == pytest.approx(held_back - 0.5)


def test_verdict_without_held_back_frames_uses_package_sequence():
    verdict = compare(samples(0, 2), rows(0.5, 0.5), rows(0.4, 0.4))
    assert verdict.gain == pytest.approx(-0.1)
    assert not verdict.is_accepted


def test_first_judged_network_is_the_start():
    recordings = open_recordings([sample_sequence()])
    config = PipelineConfig(backbone="test_resnet", weights="random", resolution=96, device="cpu")
    gate = Gate(hold_out(recordings).held_back, config)
    verdict = gate.judge(load_backbone(config))
    assert verdict.gain == 0
    assert verdict.is_accepted


def test_depth_masks_are_references_of_tabletop_frames():
    recordings = open_recordings([sample_sequence()])
    drawn = held_back_samples(hold_out(recordings).held_back, 2)
    assert all(reference is not None for sample in drawn for reference in sample.references)
    config = PipelineConfig(backbone="test_resnet", weights="random", resolution=480, device="cpu")
    for row in Scorer(config).score(load_backbone(config), drawn):
        assert all(0 <= value <= 1 or name == "stability" for name, value in row.items())
