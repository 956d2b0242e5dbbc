"""What a camera's topics tell about it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.doctor.camera import check_camera, stamp_offset
from scenerep_ros.doctor.findings import Level, failed
from scenerep_ros.doctor.observation import CameraView, Endpoint, Heard, TopicView

IMAGE, INFO = "sensor_msgs/msg/Image", "sensor_msgs/msg/CameraInfo"
RATE = 30.0


def messages(count=30, offset=0.0, **fields):
    base = {"frame_id": "eye", "size": (640, 480)} | fields
    times = [index / RATE for index in range(count)]
    return tuple(Heard(arrival=t, stamp=100.0 + t + offset, **base) for t in times)


def topic(name, heard, message_type=IMAGE, **fields):
    driver = Endpoint("/driver", message_type, reliable=True)
    base = {"publishers": (driver,), "heard": heard} | fields
    return TopicView(name, message_type, **base)


def camera():
    return CameraView(
        color=topic("/rgb", messages(encoding="rgb8")),
        depth=topic("/depth", messages(encoding="16UC1", range=(0.8, 1.2))),
        camera_info=topic("/info", messages(focal=(525.0, 525.0)), INFO),
        seconds=1.0,
    )


def problems(view, slop=0.02):
    found = [f for f in check_camera(view, slop) if f.level is not Level.OK]
    assert all(finding.advice for finding in found)
    return [(finding.level, finding.name, finding.detail) for finding in found]


def with_topic(which, **changes):
    view = camera()
    return replace(view, **{which: replace(getattr(view, which), **changes)})


def heard(which, **changes):
    """The camera, with each message of one topic changed."""
    view = camera()
    old = getattr(view, which).heard
    return with_topic(which, heard=tuple(replace(m, **changes) for m in old))


def test_a_sound_camera_has_no_problems():
    assert problems(camera()) == []
    assert len(check_camera(camera(), 0.02)) >= 8


def test_color_alone_is_enough():
    assert problems(replace(camera(), depth=None, camera_info=None)) == []


@pytest.mark.parametrize(
    ("view", "level", "name", "words"),
    [
        (with_topic("color", publishers=(), heard=()), Level.FAIL, "/rgb", "nobody publishes"),
        (with_topic("depth", heard=()), Level.FAIL, "/depth", "no message in 1 s"),
        (heard("color", encoding="yuv422"), Level.FAIL, "/rgb", "yuv422"),
        (heard("depth", encoding="8UC1"), Level.FAIL, "/depth", "8UC1"),
        (heard("depth", size=(320, 240)), Level.FAIL, "/depth", "320x240, but colour 640x480"),
        (heard("depth", frame_id="other"), Level.WARN, "/depth", "frame other"),
        (heard("depth", range=(0.01, 1.0)), Level.WARN, "/depth", "1%"),
        (heard("depth", range=(0.9, 1200.0)), Level.FAIL, "/depth", "1200 m"),
        (heard("camera_info", focal=(0.0, 0.0)), Level.FAIL, "/info", "are 0"),
        (heard("camera_info", size=(1280, 720)), Level.FAIL, "/info", "1280x720"),
        (heard("camera_info", distorted=True), Level.WARN, "/info", "distortion"),
        (heard("color", stamp=5.0), Level.FAIL, "/rgb", "stamps repeat"),
        (heard("camera_info", frame_id="/eye"), Level.WARN, "/info", "slash"),
        (heard("camera_info", frame_id=""), Level.WARN, "/info", "empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_defect_is_named(view, level, name, words):
    assert any(f[:2] == (level, name) and words in f[2] for f in problems(view))
    assert failed(check_camera(view, 0.02)) is (level is Level.FAIL)


def test_an_absent_topic_comes_with_topics_like_it():
    view = with_topic(
        "color", publishers=(), heard=(), alternatives=("/camera/rgb2", "/rgb_raw", "/other")
    )
    (finding,) = [f for f in check_camera(view, 0.02) if "nobody" in f.detail]
    assert "did you mean /rgb_raw" in finding.advice


def test_wrong_type_is_named_once():
    compressed = Endpoint("/driver", "sensor_msgs/msg/CompressedImage", reliable=True)
    view = with_topic("color", publishers=(compressed, compressed), heard=())
    assert [p[2] for p in problems(view)] == [
        "has type sensor_msgs/msg/CompressedImage, expected sensor_msgs/msg/Image"
    ]


@pytest.mark.parametrize("late", [0.05, -0.05])
def test_offset_stamps_are_told_unless_slop_allows_them(late):
    depth = topic("/depth", messages(count=1, offset=late, encoding="16UC1", range=(0.8, 1.2)))
    view = replace(camera(), color=topic("/rgb", messages(count=1, encoding="rgb8")), depth=depth)
    (offset,) = [p for p in problems(view) if p[1] == "stamps"]
    assert offset[0] is Level.FAIL
    assert f"50.0 ms {'after' if late > 0 else 'before'}" in offset[2]
    assert not [p for p in problems(view, slop=0.06) if p[1] == "stamps"]


def test_a_reliable_subscriber_of_a_best_effort_publisher_is_named():
    driver = Endpoint("/driver", IMAGE, reliable=False)
    rviz = Endpoint("/rviz", IMAGE, reliable=True)
    view = with_topic("color", publishers=(driver,), subscribers=(rviz,))
    (conflict,) = problems(view)
    assert conflict[:2] == (Level.FAIL, "/rgb")
    assert conflict[2].startswith("/rviz hears nothing from /driver")


def test_a_latched_subscriber_of_a_volatile_publisher_is_named():
    mapper = Endpoint("/mapper", IMAGE, reliable=True, transient_local=True)
    (conflict,) = problems(with_topic("color", subscribers=(mapper,)))
    assert "transient local" in conflict[2]


def test_slow_and_irregular_topics_are_told():
    slow = tuple(replace(m, arrival=m.arrival * 20) for m in messages(encoding="rgb8"))
    (finding,) = problems(with_topic("color", heard=slow))
    assert finding == (Level.WARN, "/rgb", "1.5 Hz")
    gap = tuple(m for i, m in enumerate(messages(encoding="rgb8")) if not 10 < i < 20)
    (finding,) = problems(with_topic("color", heard=gap))
    assert "gap of 333 ms" in finding[2]


def test_a_looping_recording_is_a_warning_only():
    first = messages(count=10, encoding="rgb8")
    again = tuple(replace(m, arrival=m.arrival + 10 / RATE) for m in first)
    (finding,) = problems(with_topic("color", heard=first + again))
    assert finding == (Level.WARN, "/rgb", "stamps jump back")


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=20, unique=True),
    st.floats(-0.01, 0.01),
)
def test_stamp_offset_finds_a_constant_shift(times, shift):
    spread = sorted(round(time) for time in set(times))
    color = [Heard(0.0, float(time), "eye") for time in spread]
    depth = [Heard(0.0, time + shift, "eye") for time in spread]
    assert stamp_offset(color, depth) == pytest.approx(shift, abs=1e-9)
