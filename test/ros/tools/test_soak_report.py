"""Result of an endurance test."""

import json

import pytest

from scenerep_ros.ros.tools.process_usage import ProcessUsage
from scenerep_ros.ros.tools.soak_report import SoakReport


def report_of(usages, minutes=120.0):
    samples = [(60.0 * index, usage) for index, usage in enumerate(usages)]
    report = SoakReport(minutes, received={"labels": 5}, samples=samples, exit_code=0)
    report.measure_growth()
    return report


def test_soak_report_of_steady_resources_has_no_problem():
    report = report_of([ProcessUsage(300.0 - min(index, 9), 12, 40, 3) for index in range(120)])
    assert report.problems == []


def test_soak_report_names_what_grew():
    report = report_of(
        [ProcessUsage(300.0 + index / 10, 12 + index // 60, 40, 3) for index in range(120)]
    )
    assert report.growth_mb_per_hour == pytest.approx(6.0)
    memory = "resident memory grows by 6.0 MB an hour"
    assert report.problems == ["threads grew from 12 to 13", memory]


def test_soak_report_of_failed_test_names_failure(tmp_path):
    for usages in ([], [ProcessUsage(300.0 + 5 * index, 12, 40, 3) for index in range(30)]):
        report = report_of(usages)
        report.failure = "no answer"
        assert report.problems == ["no answer"]  # the growth of half an hour is noise
        report.write(tmp_path / "soak.json")
        content = json.loads((tmp_path / "soak.json").read_text())
        assert content["problems"] == ["no answer"]
        assert len(content["samples"]) == len(usages)
