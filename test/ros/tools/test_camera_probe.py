"""Camera probe and checks of the doctor over DDS, with valid and defective cameras."""

import subprocess
import sys
from array import array
from contextlib import contextmanager
from threading import Event, Thread

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from camera_listener import BEST_EFFORT, COLOR, DEPTH, INFO, RELIABLE, ros_node
from sensor_msgs.msg import CameraInfo, Image

from scenerep_ros.config.options import TopicOptions
from scenerep_ros.doctor.camera import check_camera
from scenerep_ros.doctor.findings import Level
from scenerep_ros.ros.tools.camera_probe import CameraProbe, middleware_name
from scenerep_ros.ros.transport.pacing import wait_until

DURATION_S = 0.6
TIMEOUT_S = 20.0
MIN_MESSAGES = 9
OPTIONS = TopicOptions()


def wait_for(condition):
    return wait_until(condition, TIMEOUT_S, Event())


def has_messages(probe):
    return all(len(topic.messages) >= MIN_MESSAGES for topic in probe.observation(0).topics)


def find_failures(probe):
    """Wait for messages on each topic; return name and detail of the failed checks."""
    assert wait_for(probe.has_publishers)
    wait_for(lambda: has_messages(probe))  # a topic without messages is a finding
    findings = check_camera(probe.observation(DURATION_S), slop_s=0.02)
    return {(f.name, f.detail) for f in findings if f.level is Level.FAIL}


def image(encoding, pixel_bytes, delay_s=0.0, size=(48, 64)):
    message = Image(encoding=encoding, height=size[0], width=size[1], step=size[1] * pixel_bytes)
    message.data = array("B", bytes([1] * (size[0] * size[1] * pixel_bytes)))
    message.header.frame_id = "eye"
    return message, delay_s


def calibration(focal=525.0):
    message = CameraInfo(width=64, height=48, k=[focal, 0.0, 32.0, 0.0, focal, 24.0, 0.0, 0.0, 1.0])
    message.header.frame_id = "eye"
    return message, 0.0


@contextmanager
def camera(
    node, color=("rgb8", 3), depth=("16UC1", 2), depth_delay_s=0.0, focal=525.0, qos=RELIABLE
):
    """Publish color, depth and camera_info at 50 Hz while the body runs."""
    outputs = [
        (node.create_publisher(Image, COLOR, qos), *image(*color)),
        (node.create_publisher(Image, DEPTH, qos), *image(*depth, depth_delay_s)),
        (node.create_publisher(CameraInfo, INFO, qos), *calibration(focal)),
    ]
    stop = Event()

    def publish():
        tick = 0
        while not stop.wait(0.02):
            tick += 1
            for publisher, message, offset in outputs:
                stamp = round((100 + tick * 0.25 + offset) * 1e9)
                message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, 10**9)
                publisher.publish(message)

    thread = Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_probe_of_replayed_recording_has_no_failure(tum_folder):
    command = [sys.executable, "-m", "scenerep_ros.ros.nodes.replay", "--ros-args"]
    command += ["-p", f"source:={tum_folder}"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        with ros_node("doctor") as node:
            assert find_failures(CameraProbe(node, OPTIONS)) == set()
    finally:
        process.terminate()
    assert process.wait(30) == 0


@pytest.mark.parametrize(
    ("defect", "name", "words"),
    [
        ({}, None, None),
        ({"color": ("jpeg2000", 2)}, COLOR, "encoding 'jpeg2000' cannot be read"),
        ({"depth": ("8UC1", 1)}, DEPTH, "encoding '8UC1' cannot be read"),
        ({"depth_delay_s": 0.1}, "stamps", "100.0 ms after color"),
        ({"focal": 0.0}, INFO, "focal lengths are 0"),
    ],
    ids=["valid", "color", "depth", "delay", "uncalibrated"],
)
def test_probe_of_defective_camera_finds_the_defect(defect, name, words):
    with ros_node("doctor") as node, ros_node("driver") as driver, camera(driver, **defect):
        failures = find_failures(CameraProbe(node, OPTIONS))
    assert {failure[0] for failure in failures} == ({name} if name else set())
    assert all(words in detail for _, detail in failures)


def test_probe_names_subscriber_with_incompatible_qos():
    with ros_node("doctor") as node, ros_node("driver") as driver, ros_node("planner") as planner:
        planner.create_subscription(Image, COLOR, lambda _: None, RELIABLE)
        with camera(driver, qos=BEST_EFFORT):
            probe = CameraProbe(node, OPTIONS)
            assert wait_for(lambda: probe.observation(0).color.subscribers)
            failures = find_failures(probe)
    assert [failure[0] for failure in failures] == [COLOR]
    assert "/planner receives nothing from /driver: it requires reliable" in failures.pop()[1]


def test_probe_of_mistyped_topic_suggests_the_published_one():
    with ros_node("doctor") as node, ros_node("driver") as driver, camera(driver):
        probe = CameraProbe(node, TopicOptions(color_topic=COLOR[:-1]))
        assert wait_for(lambda: len(probe.observation(0).color.alternatives) == 2)
        findings = check_camera(probe.observation(DURATION_S), slop_s=0.02)
    advice = next(f.advice for f in findings if f.name == COLOR[:-1])
    assert f"did you mean {COLOR}" in advice


def test_middleware_name_is_that_of_an_rmw_package():
    assert middleware_name().startswith("rmw_")
