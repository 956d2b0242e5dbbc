from __future__ import annotations

import numpy as np
import pytest
from run_folders import ious, write_run
from scenerep_training.evaluation.report.collect import collect_runs
from scenerep_training.evaluation.report.compare import (
    NO_DIFFERENCE,
    TOO_FEW,
    compare,
    setting_differences,
)

BASE = np.random.default_rng(0).uniform(0.2, 0.6, 40)


def compared(tmp_path, before, after, protocol="saliency", **settings):
    folders = [
        write_run(tmp_path / "a", protocol, before),
        write_run(tmp_path / "b", protocol, after, **settings),
    ]
    return compare(*collect_runs(folders))


def test_a_run_compared_with_itself_differs_by_exactly_nothing(tmp_path):
    (part,) = compared(tmp_path, ious(BASE), ious(BASE)).differences
    assert (part.change, part.low, part.high) == (0, 0, 0)
    assert part.verdict == NO_DIFFERENCE


def test_a_small_gain_on_every_sample_is_shown_though_samples_differ_much_more(tmp_path):
    gain = 0.02 + np.random.default_rng(1).normal(0, 0.01, 40)
    (part,) = compared(tmp_path, ious(BASE), ious(BASE + gain)).differences
    assert part.verdict == "better"
    assert part.change == pytest.approx(gain.mean())
    assert 0 < part.low < part.change < part.high < 0.03


def test_noise_is_not_read_as_progress(tmp_path):
    noise = np.random.default_rng(5).normal(0, 0.1, 40)
    gain = noise - noise.mean() + 0.01
    (part,) = compared(tmp_path, ious(BASE), ious(BASE + gain)).differences
    assert part.change == pytest.approx(0.01)
    assert part.verdict == NO_DIFFERENCE
    assert part.low < 0 < part.high


def test_only_samples_that_both_have_count(tmp_path):
    before = ious(BASE[:20]) | {"05": None, "06": {"iou": np.nan}}
    after = ious(BASE[:20] - 0.1) | {"extra": {"iou": 1.0}}
    comparison = compared(tmp_path, before, after)
    (part,) = comparison.differences
    assert comparison.samples == 19
    assert part.samples == part.units == 18
    assert part.change == pytest.approx(-0.1)
    assert part.verdict == "worse"


@pytest.mark.parametrize(("sequences", "verdict"), [(5, TOO_FEW), (6, "better")])
def test_frames_of_few_sequences_show_nothing(tmp_path, sequences, verdict):
    before, after = {}, {}
    for index in range(sequences):
        before |= ious(BASE[:8], f"seq{index}/")
        after |= ious(BASE[:8] + 0.1, f"seq{index}/")
    (part,) = compared(tmp_path, before, after, "co3d").differences
    assert (part.samples, part.units) == (8 * sequences, sequences)
    assert part.verdict == verdict


def test_counts_are_neither_better_nor_worse(tmp_path):
    before = {str(i): {"overlap_f": 0.5, "predicted": 2.0} for i in range(10)}
    after = {name: figures | {"predicted": 3.0} for name, figures in before.items()}
    comparison = compared(tmp_path, before, after, "objects")
    assert comparison.difference("predicted").verdict == "higher"
    assert comparison.difference("overlap_f").verdict == NO_DIFFERENCE
    assert comparison.difference("ari") is None


def test_different_data_are_not_compared(tmp_path):
    comparison = compared(tmp_path, ious(BASE), ious(BASE + 0.1), data="/data/others")
    assert comparison.differences == []
    assert "things and others" in comparison.obstacle


def test_runs_without_a_common_sample_are_not_compared(tmp_path):
    comparison = compared(tmp_path, ious(BASE), ious(BASE, "other"))
    assert comparison.samples == 0
    assert "No sample" in comparison.obstacle


def test_what_was_asked_differently_is_listed(tmp_path):
    runs = collect_runs(
        [
            write_run(tmp_path / "a", "saliency", ious(BASE)),
            write_run(tmp_path / "b", "saliency", ious(BASE), options={"clusters": 5}, seed=1),
        ]
    )
    assert setting_differences(runs) == {"options.clusters": ["2", "5"], "seed": ["0", "1"]}
