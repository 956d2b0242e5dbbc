"""The doctor before cameras that publish over DDS, sound and unsound."""

import subprocess
import sys
from array import array
from contextlib import contextmanager
from threading import Event, Thread

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not there")

from camera_listener import BEST_EFFORT, COLOR, DEPTH, INFO, RELIABLE, ros_node
from sensor_msgs.msg import CameraInfo, Image

from scenerep_ros.config.options import TopicOptions
from scenerep_ros.doctor.camera import check_camera
from scenerep_ros.doctor.findings import Level
from scenerep_ros.ros.tools.camera_probe import CameraProbe, middleware
from scenerep_ros.ros.transport.pacing import wait_until

SECONDS = 0.6
OPTIONS = TopicOptions()


def examine(probe):
    """Wait until each topic was heard for a while; return the problems by name."""
    never = Event()
    assert wait_until(probe.found, 20.0, never)
    wait_until(lambda: all(len(t.messages) > 8 for t in probe.view(0).topics), 20.0, never)
    findings = check_camera(probe.view(SECONDS), slop_s=0.02)
    return {(f.name, f.detail) for f in findings if f.level is Level.FAIL}


def image(encoding, pixel, late=0.0, size=(48, 64)):
    message = Image(encoding=encoding, height=size[0], width=size[1], step=size[1] * pixel)
    message.data = array("B", bytes([1] * (size[0] * size[1] * pixel)))
    message.header.frame_id = "eye"
    return message, late


def calibration(focal=525.0):
    message = CameraInfo(width=64, height=48, k=[focal, 0.0, 32.0, 0.0, focal, 24.0, 0.0, 0.0, 1.0])
    message.header.frame_id = "eye"
    return message, 0.0


@contextmanager
def camera(node, color=("rgb8", 3), depth=("16UC1", 2), late=0.0, focal=525.0, qos=RELIABLE):
    """Publish at 50 Hz until the body ends."""
    outputs = [
        (node.create_publisher(Image, COLOR, qos), *image(*color)),
        (node.create_publisher(Image, DEPTH, qos), *image(*depth, late)),
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


def test_a_replayed_recording_is_healthy(tum_folder):
    command = [sys.executable, "-m", "scenerep_ros.ros.nodes.replay", "--ros-args"]
    command += ["-p", f"source:={tum_folder}"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        with ros_node("doctor") as node:
            assert examine(CameraProbe(node, OPTIONS)) == set()
    finally:
        process.terminate()
    assert process.wait(30) == 0


@pytest.mark.parametrize(
    ("defect", "name", "words"),
    [
        ({}, None, None),
        ({"color": ("yuv422", 2)}, COLOR, "encoding 'yuv422' cannot be read"),
        ({"depth": ("8UC1", 1)}, DEPTH, "encoding '8UC1' cannot be read"),
        ({"late": 0.1}, "stamps", "100.0 ms after colour"),
        ({"focal": 0.0}, INFO, "focal lengths are 0"),
    ],
    ids=["sound", "color", "depth", "late", "uncalibrated"],
)
def test_defects_of_a_camera_are_found(defect, name, words):
    with ros_node("doctor") as node, ros_node("driver") as driver, camera(driver, **defect):
        found = examine(CameraProbe(node, OPTIONS))
    assert {f[0] for f in found} == ({name} if name else set())
    assert all(words in detail for _, detail in found)


def test_a_subscriber_that_hears_nothing_is_named():
    with ros_node("doctor") as node, ros_node("driver") as driver, ros_node("planner") as planner:
        planner.create_subscription(Image, COLOR, lambda _: None, RELIABLE)
        with camera(driver, qos=BEST_EFFORT):
            probe = CameraProbe(node, OPTIONS)
            assert wait_until(lambda: probe.view(0).color.subscribers, 20.0, Event())
            found = examine(probe)
    assert [f[0] for f in found] == [COLOR]
    assert "/planner receives nothing from /driver: it requires reliable" in found.pop()[1]


def test_a_mistyped_topic_comes_with_the_right_one():
    with ros_node("doctor") as node, ros_node("driver") as driver, camera(driver):
        probe = CameraProbe(node, TopicOptions(color_topic=COLOR[:-1]))
        wait_until(lambda: len(probe.view(0).color.alternatives) == 2, 20.0, Event())
        findings = check_camera(probe.view(SECONDS), slop_s=0.02)
    advice = next(f.advice for f in findings if f.name == COLOR[:-1])
    assert f"did you mean {COLOR}" in advice


def test_the_middleware_has_a_name():
    assert middleware().startswith("rmw_")
