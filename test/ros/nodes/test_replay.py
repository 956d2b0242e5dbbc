"""The replay node over DDS: real messages, heard by another node."""

import signal
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not there")

from camera_listener import (
    BEST_EFFORT,
    COLOR,
    DEPTH,
    RELIABLE,
    CameraListener,
    ros_node,
    stamps,
)
from recordings import write_image, write_tum
from sensor_msgs.msg import Image

from scenerep_ros.ros.conversions.images import to_color, to_depth, to_intrinsics
from scenerep_ros.ros.nodes.replay import ReplayNode, main
from scenerep_ros.ros.nodes.spinning import spinning
from scenerep_ros.sources import open_source


@contextmanager
def listening(qos=RELIABLE):
    with ros_node("listener") as node:
        yield CameraListener(node, qos)


def play(source, **options):
    """Play in this process, and return the node's counts."""
    node = ReplayNode({"source": str(source), **options})
    with spinning(node):
        node.play()


def arguments(*parameters):
    return ["replay", "--ros-args", *(word for p in parameters for word in ("-p", p))]


def start(*parameters):
    """Start the executable."""
    command = [sys.executable, "-m", "scenerep_ros.ros.nodes.replay", *arguments(*parameters)[1:]]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def tum(tmp_path):
    return write_tum(tmp_path / "sequence", count=4)


def test_process_publishes_every_real_frame_as_it_is(tum_folder):
    with listening() as heard:
        process = start(f"source:={tum_folder}", "max_frames:=15")
        heard.wait_for_end()
        heard.wait_for(lambda: len(heard.color) == len(heard.depth) == 15)
        assert process.wait(30) == 0
        assert "replayed 15 frames of TUM folder" in process.stderr.read()
    frames = [open_source(tum_folder)[index] for index in range(15)]
    assert stamps(heard.color) == [frame.stamp_ns for frame in frames]
    assert stamps(heard.depth) == stamps(heard.info) == stamps(heard.color)
    assert heard.counts["published"] == "15"
    assert heard.counts["skipped"] == "0"
    first = frames[0]
    np.testing.assert_array_equal(to_color(heard.color[0], COLOR), first.color)
    np.testing.assert_array_equal(to_depth(heard.depth[0], DEPTH), first.depth)
    assert to_intrinsics(heard.info[0], first.shape, COLOR) == first.intrinsics
    assert {m.header.frame_id for m in heard.color + heard.depth} == {first.frame_id}


def test_best_effort_subscriber_hears_it_too(tum):
    with listening(BEST_EFFORT) as heard:
        play(tum, rate=50.0)
        heard.wait_for(lambda: len(heard.color) == len(heard.depth) == 4)
    assert stamps(heard.color) == [frame.stamp_ns for frame in open_source(tum)]


def test_compressed_transport_is_nearly_the_image(tum_folder):
    with listening() as heard:
        play(tum_folder, max_frames=1, transport="compressed")
        heard.wait_for(lambda: len(heard.compressed) == 1)
    color = to_color(heard.compressed[0], COLOR)
    difference = np.abs(color.astype(int) - open_source(tum_folder)[0].color)
    assert heard.compressed[0].format == "rgb8; jpeg compressed bgr8"
    assert difference.mean() < 3
    assert not heard.color


def test_clock_shows_each_stamp(tum):
    with listening() as heard:
        play(tum, clock=True, rate=50.0)
        heard.wait_for(lambda: len(heard.clock) == len(heard.color) == 4)
    clock = [m.clock.sec * 10**9 + m.clock.nanosec for m in heard.clock]
    assert clock == stamps(heard.color)


def test_loop_jumps_back_and_stops_at_max_frames(tum):
    with listening() as heard:
        play(tum, loop=True, rate=100.0, max_frames=6)
        heard.wait_for(lambda: len(heard.color) == 6)
    recorded = [frame.stamp_ns for frame in open_source(tum)]
    assert stamps(heard.color) == recorded + recorded[:2]


def test_rate_zero_waits_for_each_answer(tum):
    with listening() as heard:
        answers = heard.node.create_publisher(Image, "/answers", 10)
        waiting = []

        def answer(image):
            waiting.append(len(heard.color))
            answers.publish(Image(header=image.header))

        heard.node.create_subscription(Image, COLOR, answer, RELIABLE)
        play(tum, rate=0.0, feedback_topic="/answers")
        heard.wait_for(lambda: len(waiting) == 4)
        heard.wait_for_end()
    assert heard.counts["unanswered"] == "0"
    # Which of the two subscriptions hears an image first is the executor's choice.
    assert all(count in (i, i + 1) for i, count in enumerate(waiting))


def test_rate_zero_without_answers_waits_for_delivery(tum):
    with listening() as heard:
        play(tum, rate=0.0)
        heard.wait_for(lambda: len(heard.color) == 4)
        heard.wait_for_end()
    assert heard.counts["unanswered"] == "0"


def test_color_only_source_is_published_without_depth(tmp_path):
    for index in range(3):
        write_image(tmp_path / f"view{index}.png", np.full((20, 30, 3), index, np.uint8))
    with listening() as heard:
        play(tmp_path, rate=50.0)
        heard.wait_for(lambda: len(heard.color) == 3)
    assert not heard.depth


def test_unreadable_frames_are_counted(tum):
    sorted((tum / "rgb").glob("*.png"))[1].write_bytes(b"\x89PNG broken")
    with listening() as heard:
        play(tum, rate=50.0)
        heard.wait_for_end()
        heard.wait_for(lambda: len(heard.color) == 3)
    assert heard.counts["published"] == "3"
    assert heard.counts["skipped"] == "1"


def test_replays_without_a_subscriber_after_the_timeout(tum, capfd):
    assert main(arguments(f"source:={tum}", "subscriber_timeout:=0.1", "rate:=100")) == 0
    errors = capfd.readouterr().err
    assert f"nobody subscribed to {COLOR} within 0.1 s" in errors
    assert "replayed 4 frames" in errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_cleanly_however_often_they_come(tum, number):
    with listening() as heard:
        process = start(f"source:={tum}", "loop:=true")
        heard.wait_for(lambda: len(heard.color) > 5)
        process.send_signal(number)
        process.send_signal(number)
        errors = process.communicate(timeout=60)[1]
    assert process.returncode == 0
    assert "replayed" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (["source:=/no/such/folder"], "/no/such/folder"),
        ([], "option source is empty"),
        (["source:=x", "transport:=jpeg"], "transport"),
    ],
)
def test_bad_parameters_give_one_line_and_exit_code_1(parameters, message, capfd):
    assert main(arguments(*parameters)) == 1
    errors = capfd.readouterr().err
    assert errors.startswith("replay: ")
    assert message in errors
    assert errors.count("\n") == 1
