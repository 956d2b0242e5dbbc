"""Decoding of camera messages, without a node."""

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from segmenter_rig import make_frame

from scenerep_ros.config.pipeline import NodeConfig
from scenerep_ros.ros.conversions.camera_messages import camera_messages
from scenerep_ros.ros.monitoring.counters import FrameCounters
from scenerep_ros.ros.monitoring.problem_reporter import ProblemReporter
from scenerep_ros.ros.nodes.frame_decoder import FrameDecoder
from scenerep_ros.ros.transport.camera_input import RawFrame


@pytest.fixture
def warnings():
    return []


@pytest.fixture
def decoder(warnings):
    return FrameDecoder(NodeConfig(), ProblemReporter(FrameCounters(), warnings.append))


def raw_frame(has_calibration=True):
    messages = camera_messages(make_frame(10**9), "raw")
    info = messages.camera_info if has_calibration else None
    return RawFrame(messages.color, messages.depth, info, 0.0, 0)


def test_decoder_returns_the_frame_of_the_messages(decoder, warnings):
    frame, expected = decoder(raw_frame()), make_frame(10**9)
    assert (frame.stamp_ns, frame.frame_id) == (10**9, "camera")
    assert frame.intrinsics == expected.intrinsics
    assert (frame.color == expected.color).all()
    assert frame.depth == pytest.approx(expected.depth, abs=1e-3)
    assert frame.pose is None
    assert warnings == []


def test_decoder_without_calibration_warns_that_clouds_are_missing(decoder, warnings):
    assert decoder(raw_frame(has_calibration=False)).intrinsics is None
    assert len(warnings) == 1
    assert "no clouds" in warnings[0]
