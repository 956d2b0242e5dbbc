"""Replay node over DDS: another node receives its messages."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from camera_listener import (
    BEST_EFFORT,
    COLOR,
    DEPTH,
    RELIABLE,
    CameraListener,
    ros_node,
    stamps,
)
from diagnostic_msgs.msg import DiagnosticArray
from recordings import write_image, write_tum
from sensor_msgs.msg import Image

from scenerep_ros.errors import ConfigError, ScenerepError
from scenerep_ros.geometry.calibration import Calibration
from scenerep_ros.ros.conversions.images import to_color, to_depth
from scenerep_ros.ros.monitoring.replay_report import ReplayReport
from scenerep_ros.ros.nodes.replay import ReplayNode, main, replay
from scenerep_ros.ros.nodes.spinning import spinning
from scenerep_ros.sources import open_source


@contextmanager
def listening(qos=RELIABLE):
    with ros_node("listener") as node:
        yield CameraListener(node, qos)


def play(source, **options):
    """Play in this process; return the final counts."""
    node = ReplayNode({"source": str(source), **options})
    with spinning(node):
        node.play()
    return node.report


def arguments(*parameters):
    return ["replay", "--ros-args", *(word for p in parameters for word in ("-p", p))]


def start_process(*parameters, namespace="/", name="replay"):
    """Start the executable."""
    command = [sys.executable, "-m", "scenerep_ros.ros.nodes.replay", *arguments(*parameters)[1:]]
    command += ["-r", f"__ns:={namespace}", "-r", f"__node:={name}"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def tum(tmp_path):
    return write_tum(tmp_path / "sequence", count=4)


def test_replay_process_publishes_every_frame_unchanged(tum_folder, tmp_path):
    report_file = tmp_path / "replay.json"
    with listening() as listener:
        process = start_process(
            f"source:={tum_folder}", "max_frames:=15", f"report_file:={report_file}"
        )
        listener.wait_for(lambda: len(listener.color) == len(listener.depth) == 15)
        assert process.wait(30) == 0
        assert "replayed 15 frames of TUM folder" in process.stderr.read()
    frames = [open_source(tum_folder)[index] for index in range(15)]
    assert stamps(listener.color) == [frame.stamp_ns for frame in frames]
    assert stamps(listener.depth) == stamps(listener.info) == stamps(listener.color)
    assert ReplayReport.read(report_file) == ReplayReport(str(tum_folder), published=15)
    first = frames[0]
    np.testing.assert_array_equal(to_color(listener.color[0], COLOR), first.color)
    np.testing.assert_array_equal(to_depth(listener.depth[0], DEPTH), first.depth)
    calibration = Calibration.from_message(listener.info[0])
    assert calibration.intrinsics(first.shape, COLOR) == first.intrinsics
    assert {m.header.frame_id for m in listener.color + listener.depth} == {first.frame_id}


def test_replay_reaches_best_effort_subscriber(tum):
    with listening(BEST_EFFORT) as listener:
        play(tum, rate=50.0)
        listener.wait_for(lambda: len(listener.color) == len(listener.depth) == 4)
    assert stamps(listener.color) == [frame.stamp_ns for frame in open_source(tum)]


def test_replay_compressed_transport_approximates_the_image(tum_folder):
    with listening() as listener:
        play(tum_folder, max_frames=1, transport="compressed")
        listener.wait_for(lambda: len(listener.compressed) == 1)
    color = to_color(listener.compressed[0], COLOR)
    difference = np.abs(color.astype(int) - open_source(tum_folder)[0].color)
    assert listener.compressed[0].format == "rgb8; jpeg compressed bgr8"
    assert difference.mean() < 3
    assert not listener.color


def test_replay_clock_publishes_each_stamp(tum):
    with listening() as listener:
        play(tum, clock=True, rate=50.0)
        listener.wait_for(lambda: len(listener.clock) == len(listener.color) == 4)
    clock = [m.clock.sec * 10**9 + m.clock.nanosec for m in listener.clock]
    assert clock == stamps(listener.color)


def test_replay_after_2038_keeps_intervals_and_says_so(tmp_path, capfd):
    start = 2**32
    folder = write_tum(tmp_path / "later", count=3, start_s=start)
    with listening() as listener:
        play(folder, rate=50.0)
        listener.wait_for(lambda: len(listener.color) == len(listener.depth) == 3)
    recorded = [frame.stamp_ns for frame in open_source(folder)]
    assert recorded[0] == start * 10**9
    assert stamps(listener.color) == [stamp - start * 10**9 for stamp in recorded]
    assert capfd.readouterr().err.count("messages hold 1970 to 2038 only") == 1


def test_replay_loop_restarts_until_max_frames(tum):
    with listening() as listener:
        play(tum, loop=True, rate=100.0, max_frames=6)
        listener.wait_for(lambda: len(listener.color) == 6)
    recorded = [frame.stamp_ns for frame in open_source(tum)]
    assert stamps(listener.color) == recorded + recorded[:2]


def test_replay_rate_zero_waits_for_feedback(tum):
    with listening() as listener:
        feedback = listener.node.create_publisher(Image, "/feedback", 10)
        received_counts = []

        def answer(image):
            received_counts.append(len(listener.color))
            feedback.publish(Image(header=image.header))

        listener.node.create_subscription(Image, COLOR, answer, RELIABLE)
        report = play(tum, rate=0.0, feedback_topic="/feedback")
        listener.wait_for(lambda: len(received_counts) == 4)
    assert (report.published, report.unanswered) == (4, 0)
    # The executor chooses which of the two subscriptions to the color topic comes first.
    assert all(count in (i, i + 1) for i, count in enumerate(received_counts))


def test_replay_rate_zero_without_feedback_waits_for_delivery(tum):
    with listening() as listener:
        report = play(tum, rate=0.0)
        listener.wait_for(lambda: len(listener.color) == 4)
    assert report.unanswered == 0


def test_replay_color_only_source_publishes_no_depth(tmp_path):
    for index in range(3):
        write_image(tmp_path / f"view{index}.png", np.full((20, 30, 3), index, np.uint8))
    with listening() as listener:
        play(tmp_path, rate=50.0)
        listener.wait_for(lambda: len(listener.color) == 3)
    assert not listener.depth


def test_replay_counts_unreadable_frames(tum):
    sorted((tum / "rgb").glob("*.png"))[1].write_bytes(b"\x89PNG broken")
    with listening() as listener:
        report = play(tum, rate=50.0)
        listener.wait_for(lambda: len(listener.color) == 3)
    assert (report.published, report.skipped) == (3, 1)


def test_replay_loop_warns_of_an_unreadable_frame_once(tum, caplog):
    sorted((tum / "rgb").glob("*.png"))[1].write_bytes(b"\x89PNG broken")
    with ros_node("listener"):
        report = play(tum, rate=200.0, loop=True, max_frames=9, subscriber_timeout=0.0)
    assert (report.published, report.skipped) == (9, 3)
    assert caplog.text.count("skipped frame") == 1


def test_replay_repeats_its_status_on_diagnostics(tum):
    with listening() as listener:
        node = ReplayNode({"source": str(tum)})
        with spinning(node):
            listener.wait_for(lambda: listener.replay_status)
    assert listener.replay_status == {
        "source": str(tum),
        "published": "0",
        "skipped": "0",
        "unanswered": "0",
        "finished": "false",
    }


def test_replay_in_a_namespace_reports_its_full_name(tum):
    with listening() as listener:
        names = set()
        listener.node.create_subscription(
            DiagnosticArray,
            "/diagnostics",
            lambda message: names.update(status.name for status in message.status),
            RELIABLE,
        )
        process = start_process(
            f"source:={tum}",
            "subscriber_timeout:=0.0",
            "loop:=true",
            namespace="/robot/left",
            name="bag",
        )
        listener.wait_for(lambda: names)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert names == {"robot/left/bag: replay"}


def test_replay_without_subscriber_starts_after_timeout(tum, tmp_path, capfd):
    report_file = tmp_path / "new_folder" / "replay.json"
    parameters = [f"source:={tum}", "subscriber_timeout:=0.1", "rate:=100"]
    assert main(arguments(*parameters, f"report_file:={report_file}")) == 0
    errors = capfd.readouterr().err
    assert f"nobody subscribed to {COLOR} within 0.1 s" in errors
    assert "replayed 4 frames" in errors
    assert json.loads(report_file.read_text()) == {
        "source": str(tum),
        "published": 4,
        "skipped": 0,
        "unanswered": 0,
    }


def test_replay_of_a_path_that_is_not_utf8_says_so(tum):
    recording = tum.rename(tum.parent / os.fsdecode(b"caf\xe9"))
    with pytest.raises(ConfigError, match="not UTF-8, as parameters of ROS must be; rename it"):
        replay({"source": str(recording)}, args=[])


def test_replay_unwritable_report_file_fails(tum, tmp_path, capfd):
    (tmp_path / "file").touch()
    parameters = [f"source:={tum}", "subscriber_timeout:=0", "rate:=100"]
    assert main(arguments(*parameters, f"report_file:={tmp_path}/file/replay.json")) == 1
    assert "replay: cannot write" in capfd.readouterr().err


@pytest.mark.parametrize("content", [None, "", "[]", '{"published": 3}', '{"frames": 3}'])
def test_replay_report_read_of_invalid_file_raises(tmp_path, content):
    path = tmp_path / "replay.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ScenerepError, match=r"replay\.json cannot be read"):
        ReplayReport.read(path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_replay_repeated_signals_end_it_cleanly(tum, number):
    with listening() as listener:
        process = start_process(f"source:={tum}", "loop:=true")
        listener.wait_for(lambda: len(listener.color) > 5)
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
def test_replay_invalid_parameters_print_one_line(parameters, message, capfd):
    assert main(arguments(*parameters)) == 1
    errors = capfd.readouterr().err
    assert errors.startswith("replay: ")
    assert message in errors
    assert errors.count("\n") == 1
