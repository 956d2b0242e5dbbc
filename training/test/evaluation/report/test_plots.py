from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from run_folders import ious, write_run
from scenerep_training.evaluation.report import plots
from scenerep_training.evaluation.report.collect import collect_runs


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plots") / "a $ run_with^marks"
    figures = ious(np.linspace(0, 1, 8), "a&b/") | ious([0.5, np.nan], "<i>/")
    return collect_runs([write_run(folder, "co3d", figures, pictures=False)])[0]


def test_a_distribution_is_one_svg_that_takes_the_page_s_colours(run):
    text = plots.distribution([run], "iou")
    (svg,) = ET.fromstring(f'<p xmlns:xlink="x">{text}</p>')
    assert "mean 50.0 %" in svg.get("aria-label")
    assert "currentColor" in text
    assert "var(--rule)" in text
    assert "<metadata" not in text


def test_groups_are_drawn_with_any_name(run):
    assert plots.group_bars([run, run], "iou").startswith("<svg")


def test_nothing_is_drawn_of_too_little(tmp_path):
    folder = write_run(tmp_path / "few", "saliency", ious([0.1, 0.2]))
    runs = collect_runs([folder])
    assert plots.distribution(runs, "iou") is None
    assert plots.group_bars(runs, "iou") is None
    assert plots.distribution(runs, "absent") is None


def test_cost_and_quality_are_drawn_with_the_front_named(tmp_path):
    figures = {"small": (1.0, 0.2), "slow": (9.0, 0.1), "large": (10.0, 0.4)}
    folder = write_run(
        tmp_path / "speed",
        "saliency",
        {name: {"cost": cost, "iou": iou} for name, (cost, iou) in figures.items()}
        | {"unknown": {"cost": 3.0, "iou": np.nan}},
    )
    text = plots.trade_off(collect_runs([folder]), "cost", "iou")
    assert "none beats small, large in both" in text
    assert plots.trade_off(collect_runs([folder]), "cost", "absent") is None
