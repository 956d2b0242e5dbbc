from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from run_folders import iou_samples, write_run
from scenerep_training.evaluation.report.collect import collect_runs
from scenerep_training.evaluation.report.compare import compare
from scenerep_training.evaluation.report.plots import (
    plot_differences,
    plot_distribution,
    plot_groups,
    plot_trade_off,
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run of two groups, with special characters in all names."""
    folder = tmp_path_factory.mktemp("plots") / "a $ run_with^marks"
    metrics = iou_samples(np.linspace(0, 1, 8), "a&b/") | iou_samples([0.5, np.nan], "<i>/")
    return collect_runs([write_run(folder, "co3d", metrics, pictures=False)])[0]


def test_plot_distribution_is_valid_svg_in_page_colors(run):
    text = plot_distribution([run], "iou")
    (svg,) = ET.fromstring(f'<p xmlns:xlink="x">{text}</p>')
    assert "mean 50.0 %" in svg.get("aria-label")
    assert "currentColor" in text
    assert "var(--rule)" in text
    assert "<metadata" not in text


def test_plot_groups_escapes_names(run):
    (svg,) = ET.fromstring(f'<p xmlns:xlink="x">{plot_groups([run, run], "iou")}</p>')
    assert svg.get("aria-label").startswith("Mean IoU of each group")


def test_plots_of_too_few_samples_are_none(tmp_path):
    folder = write_run(tmp_path / "few", "saliency", iou_samples([0.1, 0.2]))
    runs = collect_runs([folder])
    assert plot_distribution(runs, "iou") is None
    assert plot_groups(runs, "iou") is None
    assert plot_distribution(runs, "absent") is None


def test_plot_trade_off_names_pareto_front(tmp_path):
    cost_and_iou = {"small": (1.0, 0.2), "slow": (9.0, 0.1), "large": (10.0, 0.4)}
    folder = write_run(
        tmp_path / "speed",
        "saliency",
        {name: {"cost": cost, "iou": iou} for name, (cost, iou) in cost_and_iou.items()}
        | {"unknown": {"cost": 3.0, "iou": np.nan}},
    )
    runs = collect_runs([folder])
    assert "Pareto front: small, large." in plot_trade_off(runs, "cost", "iou")
    assert plot_trade_off(runs, "cost", "absent") is None


def compare_counts_and_f(tmp_path, samples):
    before = {str(i): {"overlap_f": 0.5, "predicted": 2.0} for i in range(samples)}
    after = {name: {"overlap_f": 0.6, "predicted": 3.0} for name in before}
    folders = [
        write_run(tmp_path / name, "objects", metrics)
        for name, metrics in (("before", before), ("after", after))
    ]
    base, other = collect_runs(folders)
    return compare(base, other), base


def test_plot_differences_describes_both_runs(tmp_path):
    text = plot_differences(*compare_counts_and_f(tmp_path, samples=10))
    assert "Differences from before to after" in text


def test_plot_differences_without_intervals_is_none(tmp_path):
    assert plot_differences(*compare_counts_and_f(tmp_path, samples=5)) is None
