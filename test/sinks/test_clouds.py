"""Writer of labelled clouds."""

from __future__ import annotations

import numpy as np
import pytest
from segmented_frames import make_frame, make_scene

from scenerep_ros.errors import FrameError
from scenerep_ros.frames import KINECT, RGBDFrame
from scenerep_ros.sinks import CloudSink


def test_cloud_sink_writes_labelled_points_of_pixels_with_depth(tmp_path):
    with CloudSink(tmp_path) as sink:
        sink.write(make_frame("a"), make_scene())
    content = (tmp_path / "clouds" / "a.ply").read_bytes()
    header, body = content.split(b"end_header\n", 1)
    assert f"element vertex {45 * 64}".encode() in header
    points = np.frombuffer(
        body, [("xyz", "<f4", 3), ("rgb", "u1", 3), ("label", "<i4")], count=45 * 64
    )
    np.testing.assert_allclose(points["xyz"][:, 2], 1.5)
    np.testing.assert_array_equal(points["label"].reshape(45, 64), make_scene().labels[3:])


@pytest.mark.parametrize("missing", ["depth", "intrinsics"])
def test_cloud_sink_names_the_missing_input(tmp_path, missing):
    values = {"depth": make_frame().depth, "intrinsics": KINECT, missing: None}
    frame = RGBDFrame(make_frame().color, name="f7", **values)
    with pytest.raises(FrameError, match=f"f7: no .*{missing}"):
        CloudSink(tmp_path).write(frame, make_scene())
