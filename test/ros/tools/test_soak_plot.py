"""Plot of the resources of an endurance test."""

import cv2
import pytest

from scenerep_ros.ros.tools.process_usage import ProcessUsage
from scenerep_ros.ros.tools.soak_plot import write_soak_plot


@pytest.mark.parametrize("count", [0, 1, 3])
def test_soak_plot_is_an_image_of_all_samples(tmp_path, count):
    pytest.importorskip("matplotlib", reason="the extra bench is not installed")
    samples = [(60.0 * index, ProcessUsage(300.0, 12, 40, 3)) for index in range(count)]
    write_soak_plot(tmp_path / "new" / "soak.png", samples)
    assert cv2.imread(str(tmp_path / "new" / "soak.png")) is not None
