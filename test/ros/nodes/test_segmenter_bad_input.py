"""What the segmenter does with a camera and with options that are wrong, over DDS."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from segmenter_rig import parameters, running, scene
from sensor_msgs.msg import CameraInfo

from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.ros.conversions.camera_messages import camera_messages
from scenerep_ros.ros.nodes.segmenter import SegmenterNode

pytestmark = pytest.mark.usefixtures("ros_context")


def damaged(field, value, kind="color"):
    """A change that spoils one message of a frame."""

    def spoil(messages):
        setattr(getattr(messages, kind), field, value)

    return spoil


def one_pixel(messages):
    small = RGBDFrame(np.zeros((2, 2, 3), np.uint8), np.ones((2, 2), np.float32))
    for kind in ("color", "depth"):
        old, new = getattr(messages, kind), getattr(camera_messages(small, "raw"), kind)
        old.height = old.width = 1
        old.step, old.data = new.step // 2, new.data[: new.step // 2]


@pytest.mark.parametrize(
    "spoil",
    [
        damaged("encoding", "rgb888"),
        damaged("encoding", ""),
        damaged("step", 7),
        damaged("step", 10**6),
        damaged("data", []),
        damaged("height", 10**6),
        damaged("height", 0),
        damaged("width", 80),
        damaged("encoding", "8UC1", "depth"),
        damaged("step", 0, "depth"),
        damaged("data", [0] * 100, "depth"),
        damaged("height", 60, "depth"),
        one_pixel,
    ],
)
def test_an_image_that_cannot_be_used_is_counted_and_the_next_one_works(rig, spoil):
    rig.listen("labels")
    before = rig.counts
    messages = camera_messages(scene(rig.stamp()), "raw")
    spoil(messages)
    rig.color.publish(messages.color)
    rig.depth.publish(messages.depth)
    rig.wait_for(lambda: rig.counts.received == before.received + 1 and rig.is_idle())
    assert rig.counts.dropped["bad_image"] == before.dropped.get("bad_image", 0) + 1
    assert rig.counts.dropped.get("error", 0) == before.dropped.get("error", 0)
    good = rig.send_until_done()
    rig.wait_for(lambda: rig.stamps("labels") == [good])


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, -1.0])
def test_depth_without_a_single_measurement_still_gives_labels(rig, value):
    rig.listen("labels", "points")
    frame = scene(rig.stamp())
    frame.depth[:] = value
    rig.send_until_done(frame=frame)
    rig.wait_for(lambda: rig.heard["labels"] and rig.heard["points"])
    assert np.isnan(np.frombuffer(rig.heard["points"][0].data, "<f4")[2::5]).all()


def test_big_endian_depth_is_read_as_it_is_meant(rig):
    rig.listen("points")
    frame = scene(rig.stamp())
    messages = camera_messages(frame, "raw")
    messages.depth.is_bigendian = 1
    messages.depth.data = frame.depth.astype(">f4").tobytes()
    rig.info.publish(messages.camera_info)
    rig.color.publish(messages.color)
    rig.depth.publish(messages.depth)
    rig.wait_for(lambda: rig.heard["points"])
    z = np.frombuffer(rig.heard["points"][0].data, "<f4")[2::5]
    assert np.array_equal(z.reshape(frame.shape), frame.depth)


def test_stamps_that_repeat_are_dropped(rig):
    before = rig.counts.dropped.get("repeated_stamp", 0)
    stamp = rig.send_until_done()
    rig.send(scene(stamp))
    rig.wait_for(lambda: rig.counts.dropped.get("repeated_stamp", 0) == before + 1)
    rig.send_until_done()
    assert rig.counts.dropped["repeated_stamp"] == before + 1


def test_colour_without_depth_is_given_up_after_a_while(rig):
    before = rig.counts.dropped.get("no_depth", 0)
    rig.color.publish(camera_messages(scene(rig.stamp()), "raw").color)
    rig.wait_for(lambda: rig.counts.dropped.get("no_depth", 0) == before + 1)
    assert rig.is_idle()


UNCALIBRATED = CameraInfo(width=160, height=120)
OF_ANOTHER_SIZE = CameraInfo(width=640, height=480, k=[525.0, 0, 320, 0, 525.0, 240, 0, 0, 1])


@pytest.mark.parametrize("info", [UNCALIBRATED, OF_ANOTHER_SIZE])
def test_without_a_usable_calibration_there_are_labels_and_no_clouds(rig, info):
    clouds = ["points", "points_colored", "objects"]
    rig.listen("labels", *clouds)
    noted = rig.noted("bad_camera_info")
    rig.info.publish(info)
    rig.wait_for(lambda: rig.send_until_done(info=False) and rig.noted("bad_camera_info") > noted)
    rig.listen("labels", *clouds)
    rig.send_until_done(info=False)
    rig.wait_for(lambda: rig.heard["labels"])
    assert not any(rig.heard[name] for name in clouds)
    rig.wait_for(lambda: rig.send_until_done() and rig.heard["points"])


def test_compressed_colour_works_and_a_corrupt_jpeg_is_counted():
    with running("jpeg", transport="compressed", depth_topic="/jpeg/depth") as rig:
        rig.listen("labels")
        messages = camera_messages(scene(rig.stamp()), "compressed")
        messages.color.data = messages.color.data[: len(messages.color.data) // 2]
        rig.color.publish(messages.color)
        rig.depth.publish(messages.depth)
        rig.wait_for(lambda: rig.counts.dropped.get("bad_image") == 1)
        stamp = rig.send_until_done()
        rig.wait_for(lambda: rig.stamps("labels") == [stamp])
        assert rig.counts.dropped["bad_image"] == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"backbone": "vit_tiny_patch16_225"}, "vit_tiny_patch16_224"),
        ({"weights": "/nowhere/weights.safetensors"}, "/nowhere/weights.safetensors"),
        (
            {"qos_overrides./failing/segmenter/labels.publisher.reliability": "sometimes"},
            "sometimes",
        ),
    ],
)
def test_what_cannot_start_says_why_and_stays_unconfigured(options, said, capfd):
    options = {"backbone": "vit_tiny_patch16_224", "weights": "random", **options}
    node = SegmenterNode(parameter_overrides=parameters(**options), namespace="failing")
    try:
        assert not node.start()
        assert node.count_publishers("/failing/segmenter/labels") == 0
        log = capfd.readouterr().err
        assert "cannot configure" in log
        assert said in log
        assert "Traceback" not in log
    finally:
        node.close()
        node.close()
        node.destroy_node()


def test_a_parameter_that_cannot_be_ends_the_construction():
    with pytest.raises(ConfigError, match="did you mean kmeans"):
        SegmenterNode(parameter_overrides=parameters(method="kmean"))
