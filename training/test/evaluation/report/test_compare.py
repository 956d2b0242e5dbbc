from __future__ import annotations

import numpy as np
import pytest
from run_folders import iou_samples, write_run
from scenerep_training.evaluation.report.collect import collect_runs
from scenerep_training.evaluation.report.compare import (
    NO_DIFFERENCE,
    TOO_FEW,
    compare,
    setting_differences,
)

BASE = np.random.default_rng(0).uniform(0.2, 0.6, 40)


def compare_runs(tmp_path, before, after, protocol="saliency", **settings):
    folders = [
        write_run(tmp_path / "a", protocol, before),
        write_run(tmp_path / "b", protocol, after, **settings),
    ]
    return compare(*collect_runs(folders))


def test_compare_of_equal_runs_has_zero_difference(tmp_path):
    (part,) = compare_runs(tmp_path, iou_samples(BASE), iou_samples(BASE)).differences
    assert (part.change, part.low, part.high) == (0, 0, 0)
    assert part.verdict == NO_DIFFERENCE


def test_compare_detects_small_gain_in_spite_of_sample_variance(tmp_path):
    gain = 0.02 + np.random.default_rng(1).normal(0, 0.01, 40)
    (part,) = compare_runs(tmp_path, iou_samples(BASE), iou_samples(BASE + gain)).differences
    assert part.verdict == "better"
    assert part.change == pytest.approx(gain.mean())
    assert 0 < part.low < part.change < part.high < 0.03


def test_compare_of_noise_shows_no_difference(tmp_path):
    noise = np.random.default_rng(5).normal(0, 0.1, 40)
    gain = noise - noise.mean() + 0.01
    (part,) = compare_runs(tmp_path, iou_samples(BASE), iou_samples(BASE + gain)).differences
    assert part.change == pytest.approx(0.01)
    assert part.verdict == NO_DIFFERENCE
    assert part.low < 0 < part.high


def test_compare_uses_common_samples_only(tmp_path):
    before = iou_samples(BASE[:20]) | {"05": None, "06": {"iou": np.nan}}
    after = iou_samples(BASE[:20] - 0.1) | {"extra": {"iou": 1.0}}
    comparison = compare_runs(tmp_path, before, after)
    (part,) = comparison.differences
    assert comparison.samples == 19
    assert part.samples == part.units == 18
    assert part.change == pytest.approx(-0.1)
    assert part.verdict == "worse"


@pytest.mark.parametrize(("sequences", "verdict"), [(5, TOO_FEW), (6, "better")])
def test_compare_of_frames_requires_enough_sequences(tmp_path, sequences, verdict):
    before, after = {}, {}
    for index in range(sequences):
        before |= iou_samples(BASE[:8], f"seq{index}/")
        after |= iou_samples(BASE[:8] + 0.1, f"seq{index}/")
    (part,) = compare_runs(tmp_path, before, after, "co3d").differences
    assert (part.samples, part.units) == (8 * sequences, sequences)
    assert part.verdict == verdict


def test_compare_of_counts_is_neither_better_nor_worse(tmp_path):
    before = {str(i): {"overlap_f": 0.5, "predicted": 2.0} for i in range(10)}
    after = {name: metrics | {"predicted": 3.0} for name, metrics in before.items()}
    comparison = compare_runs(tmp_path, before, after, "objects")
    assert comparison.difference("predicted").verdict == "higher"
    assert comparison.difference("overlap_f").verdict == NO_DIFFERENCE
    assert comparison.difference("ari") is None


def test_compare_of_different_data_states_obstacle(tmp_path):
    runs = iou_samples(BASE), iou_samples(BASE + 0.1)
    comparison = compare_runs(tmp_path, *runs, data="/data/others")
    assert comparison.differences == []
    assert "things and others" in comparison.obstacle


def test_compare_without_common_sample_states_obstacle(tmp_path):
    comparison = compare_runs(tmp_path, iou_samples(BASE), iou_samples(BASE, "other"))
    assert comparison.samples == 0
    assert "No sample" in comparison.obstacle


def test_setting_differences_list_changed_settings(tmp_path):
    runs = collect_runs(
        [
            write_run(tmp_path / "a", "saliency", iou_samples(BASE)),
            write_run(
                tmp_path / "b", "saliency", iou_samples(BASE), options={"track": False}, seed=1
            ),
        ]
    )
    assert setting_differences(runs) == {"options.track": ["True", "False"], "seed": ["0", "1"]}
