"""Recording of a camera over DDS, and reading it back."""

from __future__ import annotations

import resource
import signal
import time
from math import inf
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from camera_listener import RELIABLE, ros_node
from sensor_msgs.msg import CameraInfo, Image

from scenerep_ros.config.pipeline import NodeConfig
from scenerep_ros.errors import ScenerepError
from scenerep_ros.ros.conversions.camera_messages import camera_messages
from scenerep_ros.ros.tools.recorder import (
    MAX_WAITING_TRANSFORMS,
    STATIC_TF,
    TF,
    BagWriter,
    Recorder,
    RecordingLimits,
)
from scenerep_ros.sources import open_source

pytestmark = pytest.mark.usefixtures("ros_context")

TIMEOUT_S = 30.0
FRAMES = (0, 0, 4, 4, 8, 12)
"""Frames of the embedded sequence that are shown; repeated ones add nothing."""


def wait_for(condition):
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def recording(tmp_path, tabletop_folder):
    """Bag of the frames that add something, at most three, and the counts of the recorder."""
    config, source = NodeConfig(), open_source(tabletop_folder)
    writer = BagWriter(tmp_path / "bag")
    with ros_node("camera") as camera, ros_node("recorder") as node:
        recorder = Recorder(node, config, writer, RecordingLimits(inf, 3, inf))
        topics = (config.color_topic, config.depth_topic, config.camera_info_topic)
        types = (Image, Image, CameraInfo)
        publishers = [
            camera.create_publisher(message_type, topic, RELIABLE)
            for message_type, topic in zip(types, topics, strict=True)
        ]
        wait_for(lambda: all(item.get_subscription_count() for item in publishers))
        for number, index in enumerate(FRAMES):
            frame = source[index]
            messages = camera_messages(frame, "raw")
            for part in (messages.color, messages.depth, messages.camera_info):
                part.header.stamp.sec, part.header.stamp.nanosec = 1000 + number, 0
            for publisher, message in zip(
                reversed(publishers),
                (messages.camera_info, messages.depth, messages.color),
                strict=True,
            ):
                publisher.publish(message)
            wait_for(lambda n=number: recorder.done.is_set() or processed(recorder) == n + 1)
        recorder.close()
    writer.close()
    return tmp_path / "bag", recorder.counters.snapshot()


def processed(recorder):
    counts = recorder.counters.snapshot()
    return counts.segmented + sum(counts.dropped.values())


def test_recorder_writes_frames_that_add_something(recording, tabletop_folder):
    folder, counts = recording
    assert counts.segmented == 3
    assert counts.dropped["unchanged"] == 2
    source, original = open_source(folder), open_source(tabletop_folder)
    assert len(source) == 3
    for frame, index in zip(source, (0, 4, 8), strict=True):
        np.testing.assert_array_equal(frame.color, original[index].color)
        np.testing.assert_allclose(frame.depth, original[index].depth, atol=1e-3)
        assert frame.intrinsics.fx == pytest.approx(original[index].intrinsics.fx)
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert size < 0.8 * 3 * sum(part.nbytes for part in (original[0].color, original[0].depth))


class SizedWriter:
    """Keeps topics and times instead of writing; a message has a size of 1 MB."""

    def __init__(self):
        self.times = {TF: [], STATIC_TF: [], "/still/image": []}

    @property
    def megabytes(self):
        return sum(map(len, self.times.values()))

    def write(self, topic, message, stamp_ns):
        self.times[topic].append(stamp_ns)


def transforms(seconds):
    stamp = SimpleNamespace(sec=seconds, nanosec=0)
    return SimpleNamespace(transforms=[SimpleNamespace(header=SimpleNamespace(stamp=stamp))])


def test_recorder_of_a_still_camera_ends_at_its_size(tabletop_folder):
    config = NodeConfig(color_topic="/still/image", depth_topic="", camera_info_topic="")
    image = camera_messages(open_source(tabletop_folder)[0], "raw").color
    writer, limits = SizedWriter(), RecordingLimits(inf, inf, MAX_WAITING_TRANSFORMS)
    with ros_node("camera") as camera, ros_node("recorder") as node:
        recorder = Recorder(node, config, writer, limits)
        publisher = camera.create_publisher(Image, config.color_topic, RELIABLE)
        wait_for(publisher.get_subscription_count)
        for seconds in (1000, 1001):  # the second frame adds nothing
            image.header.stamp.sec = seconds
            publisher.publish(image)
            wait_for(lambda n=seconds - 999: processed(recorder) == n)
            recorder.add_transforms(STATIC_TF, transforms(0))
            for index in range(MAX_WAITING_TRANSFORMS + 5):
                recorder.add_transforms(TF, transforms(index))
        recorder.close()
    assert recorder.done.is_set()
    assert writer.times["/still/image"] == [1000 * 10**9]
    assert writer.times[STATIC_TF] == [1001 * 10**9] * 2  # not 1970
    assert writer.times[TF][:1] == [5 * 10**9]
    assert len(writer.times[TF]) == 2 * MAX_WAITING_TRANSFORMS


def test_recorder_full_disk_names_the_folder(tmp_path):
    """A limit on the size of files fails in the middle of a write, like a full disk."""
    noise = np.random.default_rng(0).integers(0, 256, 300_000, np.uint8).tobytes()
    writer = BagWriter(tmp_path / "hidden", tmp_path / "bag")
    previous = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, previous[1]))
    try:
        with pytest.raises(ScenerepError, match=f"cannot write {tmp_path / 'bag'}: "):
            write_images(writer, noise, 20)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, previous)
        signal.signal(signal.SIGXFSZ, handler)


def write_images(writer, data, count):
    for stamp_ns in range(count):
        writer.write("/image", Image(data=data), stamp_ns)
