from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scenerep_training.evaluation.framework.protocol import (
    Protocol,
    Result,
    Row,
    group_means,
    mean_metrics,
)

from scenerep_ros.config.pipeline import PipelineConfig

NAN = float("nan")
ROWS = [
    Row("a/0", "a", {"iou": 0.25, "accuracy": NAN}),
    Row("a/1", "a", {"iou": 0.75, "accuracy": NAN}),
    Row("b/0", "b", {"iou": NAN}),
    Row("b/1", "b", {"iou": 0.75}),
]


class Counting(Protocol):
    name = "counting"
    headline = ("count",)

    def __init__(self, data, config, every=1):
        super().__init__(data, config)
        self.every = every

    @classmethod
    def add_arguments(cls, parser):
        parser.add_argument("--every", type=int, default=1)

    def samples(self):
        return ["a/0"]

    def evaluate(self, sample):
        return Result({"count": 1.0})


def test_mean_metrics_ignores_undefined_values():
    means = mean_metrics(ROWS)
    assert means["iou"] == np.mean([0.25, 0.75, 0.75])
    assert np.isnan(means["accuracy"])


def test_group_means_lists_groups_and_all():
    table = group_means(ROWS)
    assert list(table.rows) == ["a", "b", "all"]
    assert table.rows["a"]["iou"] == 0.5
    assert table.rows["b"]["iou"] == 0.75


def test_group_means_of_single_group_lists_all_only():
    assert list(group_means(ROWS[:2]).rows) == ["all"]


def test_from_arguments_passes_own_flags_only():
    args = argparse.Namespace(every=3, limit=5, track=False)
    protocol = Counting.from_arguments(Path("data"), PipelineConfig(), args)
    assert protocol.every == 3
    assert Counting.own_flags(args) == {"every": 3}


def test_group_and_resampling_unit_default_to_folder_and_sample():
    protocol = Counting(Path("data"), PipelineConfig())
    assert protocol.group("a/0") == "a"
    assert protocol.resampling_unit("a/0") == "a/0"
