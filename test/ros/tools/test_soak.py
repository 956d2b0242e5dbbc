"""Short endurance test of the real nodes."""

import cv2
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from scenerep_ros.ros.tools import soak as soak_module
from scenerep_ros.ros.tools.process_usage import ProcessUsage
from scenerep_ros.ros.tools.soak import SoakConstants, SoakReport, soak
from scenerep_ros.ros.tools.soak_plot import write_soak_plot

OPTIONS = {
    "backbone": "vit_tiny_patch16_224",
    "weights": "random",
    "device": "cpu",
    "precision": "fp32",
    "resolution": 96,
    "method": "kmeans",
}


@pytest.mark.slow
def test_soak_applies_every_disturbance_and_records_resources(
    tabletop_folder, tmp_path, monkeypatch
):
    fast = SoakConstants(sample_period_s=0.5, disturbance_period_s=1.0)
    monkeypatch.setattr(soak_module, "CONSTANTS", fast)
    report = soak(str(tabletop_folder), 0.6, OPTIONS, tmp_path)
    assert report.exit_code == 0
    assert len(report.disturbances) >= 5
    assert report.received["labels"] > 0
    assert not report.leftover_segments
    assert (tmp_path / "soak.json").is_file()


def report_of(usages, minutes=120.0):
    samples = [(60.0 * index, usage) for index, usage in enumerate(usages)]
    report = SoakReport(minutes, received={"labels": 5}, samples=samples, exit_code=0)
    report.measure_growth()
    return report


def test_soak_report_of_steady_resources_has_no_problem():
    report = report_of([ProcessUsage(300.0 - min(index, 9), 12, 40, 3) for index in range(120)])
    assert report.problems == []


def test_soak_plot_is_an_image_of_all_samples(tmp_path):
    pytest.importorskip("matplotlib", reason="the extra bench is not installed")
    usages = [ProcessUsage(300.0, 12, 40, 3)] * 3
    write_soak_plot(tmp_path / "new" / "soak.png", report_of(usages).samples)
    assert cv2.imread(str(tmp_path / "new" / "soak.png")) is not None


def test_soak_report_names_what_grew():
    report = report_of(
        [ProcessUsage(300.0 + index / 10, 12 + index // 60, 40, 3) for index in range(120)]
    )
    assert report.growth_mb_per_hour == pytest.approx(6.0)
    memory = "resident memory grows by 6.0 MB an hour"
    assert report.problems == ["threads grew from 12 to 13", memory]
