"""Segmenter over DDS with invalid images, calibrations and options."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from diagnostic_msgs.msg import DiagnosticStatus
from segmenter_rig import make_frame, parameters, running_segmenter
from sensor_msgs.msg import CameraInfo

from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.ros.conversions.camera_messages import camera_messages
from scenerep_ros.ros.nodes.segmenter import SegmenterNode

pytestmark = pytest.mark.usefixtures("ros_context")


def set_field(field, value, kind="color"):
    """Create a function that sets a field of one message of a frame."""

    def change(messages):
        setattr(getattr(messages, kind), field, value)

    return change


def shrink_to_one_pixel(messages):
    small = RGBDFrame(np.zeros((2, 2, 3), np.uint8), np.ones((2, 2), np.float32))
    for kind in ("color", "depth"):
        old, new = getattr(messages, kind), getattr(camera_messages(small, "raw"), kind)
        old.height = old.width = 1
        old.step, old.data = new.step // 2, new.data[: new.step // 2]


@pytest.mark.parametrize(
    "invalidate",
    [
        set_field("encoding", "rgb888"),
        set_field("encoding", ""),
        set_field("step", 7),
        set_field("step", 10**6),
        set_field("data", []),
        set_field("height", 10**6),
        set_field("height", 0),
        set_field("width", 80),
        set_field("encoding", "8UC1", "depth"),
        set_field("step", 0, "depth"),
        set_field("data", [0] * 100, "depth"),
        set_field("height", 60, "depth"),
        shrink_to_one_pixel,
    ],
)
def test_segmenter_counts_invalid_image_and_processes_the_next(rig, invalidate):
    rig.subscribe("labels")
    bad_images, errors = rig.dropped("bad_image"), rig.dropped("error")
    received = rig.counts.received
    messages = camera_messages(make_frame(rig.next_stamp()), "raw")
    invalidate(messages)
    rig.color.publish(messages.color)
    rig.depth.publish(messages.depth)
    rig.wait_for(lambda: rig.counts.received == received + 1 and rig.is_idle())
    assert rig.dropped("bad_image") == bad_images + 1
    assert rig.dropped("error") == errors
    good = rig.process()
    rig.wait_for(lambda: rig.stamps("labels") == [good])


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, -1.0])
def test_segmenter_depth_without_measurements_still_publishes_labels(rig, value):
    rig.subscribe("labels", "points")
    frame = make_frame(rig.next_stamp())
    frame.depth[:] = value
    rig.process(frame=frame)
    rig.wait_for(lambda: rig.received["labels"] and rig.received["points"])
    assert np.isnan(np.frombuffer(rig.received["points"][0].data, "<f4")[2::5]).all()


def test_segmenter_converts_big_endian_depth(rig):
    rig.subscribe("points")
    frame = make_frame(rig.next_stamp())
    messages = camera_messages(frame, "raw")
    messages.depth.is_bigendian = 1
    messages.depth.data = frame.depth.astype(">f4").tobytes()
    rig.camera_info.publish(messages.camera_info)
    rig.color.publish(messages.color)
    rig.depth.publish(messages.depth)
    rig.wait_for(lambda: rig.received["points"])
    z = np.frombuffer(rig.received["points"][0].data, "<f4")[2::5]
    assert np.array_equal(z.reshape(frame.shape), frame.depth)


def test_segmenter_drops_repeated_stamps(rig):
    dropped = rig.dropped("repeated_stamp")
    stamp = rig.process()
    rig.publish(make_frame(stamp))
    rig.wait_for(lambda: rig.dropped("repeated_stamp") == dropped + 1)
    rig.process()
    assert rig.dropped("repeated_stamp") == dropped + 1


def test_segmenter_drops_color_without_depth_after_timeout(rig):
    dropped = rig.dropped("no_depth")
    rig.color.publish(camera_messages(make_frame(rig.next_stamp()), "raw").color)
    rig.wait_for(lambda: rig.dropped("no_depth") == dropped + 1)
    assert rig.is_idle()


UNCALIBRATED = CameraInfo(width=160, height=120)
WRONG_SIZE = CameraInfo(width=640, height=360, k=[525.0, 0, 320, 0, 525.0, 180, 0, 0, 1])


def test_segmenter_keeps_calibration_when_later_messages_are_empty(rig):
    rig.subscribe("points")
    rig.process()
    warnings = rig.warnings("bad_camera_info")
    rig.camera_info.publish(UNCALIBRATED)
    for _ in range(3):
        rig.process(with_info=False)
    rig.wait_for(lambda: len(rig.received["points"]) == 4)
    assert rig.warnings("bad_camera_info") == warnings


def test_segmenter_calibration_of_other_images_disables_clouds(rig):
    clouds = ["points", "points_colored", "objects"]
    rig.subscribe("labels", *clouds)
    warnings = rig.warnings("bad_camera_info")
    rig.camera_info.publish(WRONG_SIZE)
    rig.wait_for(
        lambda: rig.process(with_info=False) and rig.warnings("bad_camera_info") > warnings
    )
    rig.subscribe("labels", *clouds)
    rig.process(with_info=False)
    rig.wait_for(lambda: rig.received["labels"])
    assert not any(rig.received[name] for name in clouds)
    rig.wait_for(lambda: rig.process() and rig.received["points"])


def test_segmenter_compressed_transport_counts_a_corrupt_jpeg():
    with running_segmenter("jpeg", transport="compressed", depth_topic="/jpeg/depth") as rig:
        rig.subscribe("labels")
        messages = camera_messages(make_frame(rig.next_stamp()), "compressed")
        messages.color.data = messages.color.data[: len(messages.color.data) // 2]
        rig.color.publish(messages.color)
        rig.depth.publish(messages.depth)
        rig.wait_for(lambda: rig.dropped("bad_image") == 1)
        stamp = rig.process()
        rig.wait_for(lambda: rig.stamps("labels") == [stamp])
        assert rig.dropped("bad_image") == 1


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"backbone": "vit_tiny_patch16_225"}, "vit_tiny_patch16_224"),
        ({"weights": "/nowhere/weights.safetensors"}, "/nowhere/weights.safetensors"),
        (
            {"qos_overrides./failing/segmenter/labels.publisher.reliability": "sometimes"},
            "sometimes",
        ),
    ],
)
def test_segmenter_failed_configuration_logs_the_reason(options, reason, capfd):
    options = {"backbone": "vit_tiny_patch16_224", "weights": "random", **options}
    node = SegmenterNode(parameter_overrides=parameters(**options), namespace="failing")
    try:
        assert not node.start()
        assert node.count_publishers("/failing/segmenter/labels") == 0
        log = capfd.readouterr().err
        assert "cannot configure" in log
        assert reason in log
        assert "Traceback" not in log
    finally:
        node.close()
        node.close()
        node.destroy_node()


def test_segmenter_invalid_parameter_raises_at_construction():
    with pytest.raises(ConfigError, match="did you mean kmeans"):
        SegmenterNode(parameter_overrides=parameters(method="kmean"))


@pytest.mark.parametrize("transport", ["compressed", "compressedDepth"])
def test_segmenter_reads_compressed_depth(transport):
    topics = {
        "color_topic": "zip/color",
        "depth_topic": "zip/depth",
        "camera_info_topic": "zip/info",
    }
    with running_segmenter("zip", depth_transport=transport, **topics) as rig:
        rig.subscribe("points")
        stamp_ns = rig.process()
        rig.wait_for(lambda: rig.received["points"])
        assert rig.stamps("points") == [stamp_ns]


def test_segmenter_reports_live_depth_of_another_unit(rig):
    rig.subscribe("labels")

    def publish_millimeters():
        frame = make_frame(rig.next_stamp())
        frame.depth[:] *= 1000  # millimeters in 32FC1
        rig.process(frame=frame)

    publish_millimeters()
    assert rig.warnings("impossible_depth") == 1

    def is_reported():
        # A camera that fell silent, or earlier frames that were dropped, would be reported first.
        publish_millimeters()
        return "impossible_depth" in rig.diagnostics[-1].message

    rig.wait_for(is_reported)
    assert rig.diagnostics[-1].level == DiagnosticStatus.WARN
