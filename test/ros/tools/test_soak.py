"""Short endurance test of the real nodes."""

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from scenerep_ros.ros.tools import soak as soak_module
from scenerep_ros.ros.tools.soak import SoakConstants, soak

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
