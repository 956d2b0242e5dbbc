"""Checks of a camera's topics."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.doctor.camera import check_camera, stamp_offset
from scenerep_ros.doctor.findings import Level, has_failure
from scenerep_ros.doctor.observation import (
    CameraObservation,
    Endpoint,
    MessageSummary,
    TopicObservation,
)
from scenerep_ros.geometry.calibration import Calibration

IMAGE, INFO = "sensor_msgs/msg/Image", "sensor_msgs/msg/CameraInfo"
RATE = 30.0
MATRIX = (525.0, 525.0, 319.5, 239.5)
CALIBRATION = Calibration((640, 480), MATRIX, MATRIX)


def messages(count=30, offset=0.0, **fields):
    base = {"frame_id": "eye", "size": (640, 480)} | fields
    times = [index / RATE for index in range(count)]
    return tuple(MessageSummary(arrival=t, stamp=100.0 + t + offset, **base) for t in times)


def topic(name, received, message_type=IMAGE, **fields):
    driver = Endpoint("/driver", message_type, is_reliable=True)
    base = {"publishers": (driver,), "messages": received} | fields
    return TopicObservation(name, message_type, **base)


def camera():
    return CameraObservation(
        color=topic("/rgb", messages(encoding="rgb8")),
        depth=topic("/depth", messages(encoding="16UC1", depth_statistics=(0.8, 1.2))),
        camera_info=topic("/info", messages(calibration=CALIBRATION), INFO),
        duration_s=1.0,
    )


def problems(view, slop=0.02):
    findings = [f for f in check_camera(view, slop) if f.level is not Level.OK]
    assert all(finding.advice for finding in findings)
    return [(finding.level, finding.name, finding.detail) for finding in findings]


def with_topic(which, **changes):
    view = camera()
    return replace(view, **{which: replace(getattr(view, which), **changes)})


def with_messages(which, **changes):
    """Return the camera with each message of one topic changed."""
    unchanged = getattr(camera(), which).messages
    return with_topic(which, messages=tuple(replace(m, **changes) for m in unchanged))


def with_calibration(**changes):
    return with_messages("camera_info", calibration=replace(CALIBRATION, **changes))


def test_check_camera_of_a_good_camera_finds_no_problem():
    assert problems(camera()) == []
    assert len(check_camera(camera(), 0.02)) >= 8


def test_check_camera_with_color_only_finds_no_problem():
    assert problems(replace(camera(), depth=None, camera_info=None)) == []


@pytest.mark.parametrize(
    ("view", "level", "name", "words"),
    [
        (with_topic("color", publishers=(), messages=()), Level.FAIL, "/rgb", "has no publisher"),
        (with_topic("depth", messages=()), Level.FAIL, "/depth", "no message in 1 s"),
        (with_messages("color", encoding="yuv411"), Level.FAIL, "/rgb", "yuv411"),
        (with_messages("depth", encoding="8UC1"), Level.FAIL, "/depth", "8UC1"),
        (
            with_messages("depth", size=(320, 240)),
            Level.FAIL,
            "/depth",
            "320x240, but color 640x480",
        ),
        (with_messages("depth", frame_id="other"), Level.WARN, "/depth", "frame other"),
        (with_messages("depth", depth_statistics=(0.01, 1.0)), Level.WARN, "/depth", "1%"),
        (with_messages("depth", depth_statistics=(0.9, 1200.0)), Level.FAIL, "/depth", "1200 m"),
        (with_messages("depth", depth_statistics=(0.9, 0.0012)), Level.FAIL, "/depth", "0.0012 m"),
        (with_calibration(k=(0.0,) * 4, p=(0.0,) * 4), Level.FAIL, "/info", "are 0"),
        (with_calibration(size=(1280, 720)), Level.FAIL, "/info", "1280x720"),
        (with_calibration(size=(1280, 960)), Level.WARN, "/info", "1280x960"),
        (with_calibration(has_distortion=True), Level.WARN, "/info", "distortion"),
        (with_messages("color", stamp=5.0), Level.FAIL, "/rgb", "stamps repeat"),
        (with_messages("camera_info", frame_id="/eye"), Level.WARN, "/info", "slash"),
        (with_messages("camera_info", frame_id=""), Level.WARN, "/info", "empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_check_camera_names_each_defect(view, level, name, words):
    assert any(f[:2] == (level, name) and words in f[2] for f in problems(view))
    assert has_failure(check_camera(view, 0.02)) is (level is Level.FAIL)


def test_check_camera_with_unpublished_topic_suggests_similar_topics():
    view = with_topic(
        "color", publishers=(), messages=(), alternatives=("/camera/rgb2", "/rgb_raw", "/other")
    )
    (finding,) = [f for f in check_camera(view, 0.02) if "no publisher" in f.detail]
    assert "did you mean /rgb_raw" in finding.advice


def test_check_camera_names_a_wrong_type_once():
    compressed = Endpoint("/driver", "sensor_msgs/msg/CompressedImage", is_reliable=True)
    view = with_topic("color", publishers=(compressed, compressed), messages=())
    assert [p[2] for p in problems(view)] == [
        "has type sensor_msgs/msg/CompressedImage, expected sensor_msgs/msg/Image"
    ]


@pytest.mark.parametrize("delay", [0.05, -0.05])
def test_check_camera_names_stamp_offsets_beyond_the_slop(delay):
    depth = topic(
        "/depth", messages(count=1, offset=delay, encoding="16UC1", depth_statistics=(0.8, 1.2))
    )
    view = replace(camera(), color=topic("/rgb", messages(count=1, encoding="rgb8")), depth=depth)
    (offset,) = [p for p in problems(view) if p[1] == "stamps"]
    assert offset[0] is Level.FAIL
    assert f"50.0 ms {'after' if delay > 0 else 'before'}" in offset[2]
    assert not [p for p in problems(view, slop=0.06) if p[1] == "stamps"]


def test_check_camera_names_a_reliable_subscriber_of_best_effort():
    driver = Endpoint("/driver", IMAGE, is_reliable=False)
    rviz = Endpoint("/rviz", IMAGE, is_reliable=True)
    view = with_topic("color", publishers=(driver,), subscribers=(rviz,))
    (conflict,) = problems(view)
    assert conflict[:2] == (Level.FAIL, "/rgb")
    assert conflict[2].startswith("/rviz receives nothing from /driver")


def test_check_camera_names_a_latched_subscriber_of_volatile():
    mapper = Endpoint("/mapper", IMAGE, is_reliable=True, is_transient_local=True)
    (conflict,) = problems(with_topic("color", subscribers=(mapper,)))
    assert "transient local" in conflict[2]


def test_check_camera_names_slow_and_irregular_topics():
    slow = tuple(replace(m, arrival=m.arrival * 20) for m in messages(encoding="rgb8"))
    (finding,) = problems(with_topic("color", messages=slow))
    assert finding == (Level.WARN, "/rgb", "1.5 Hz")
    gap = tuple(m for i, m in enumerate(messages(encoding="rgb8")) if not 10 < i < 20)
    (finding,) = problems(with_topic("color", messages=gap))
    assert "gap of 333 ms" in finding[2]


def test_check_camera_of_a_looping_recording_warns():
    first = messages(count=10, encoding="rgb8")
    repeated = tuple(replace(m, arrival=m.arrival + 10 / RATE) for m in first)
    (finding,) = problems(with_topic("color", messages=first + repeated))
    assert finding == (Level.WARN, "/rgb", "stamps jump back")


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=20, unique=True),
    st.floats(-0.01, 0.01),
)
def test_stamp_offset_of_shifted_stamps_returns_the_shift(times, shift):
    stamps = sorted({round(time) for time in times})
    color = [MessageSummary(0.0, float(time), "eye") for time in stamps]
    depth = [MessageSummary(0.0, time + shift, "eye") for time in stamps]
    assert stamp_offset(color, depth) == pytest.approx(shift, abs=1e-9)
