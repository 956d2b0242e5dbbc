"""The segmenter over DDS: a real pipeline, with a camera that behaves, and one that does not."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

import rclpy
from diagnostic_msgs.msg import DiagnosticStatus
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import DescribeParameters
from segmenter_rig import parameters, running, scene
from sensor_msgs.msg import CameraInfo
from std_srvs.srv import Trigger

from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import KINECT, RGBDFrame
from scenerep_ros.ros import diagnostics
from scenerep_ros.ros.camera_messages import camera_messages
from scenerep_ros.ros.publishers import OUTPUTS
from scenerep_ros.ros.segmenter_node import SegmenterNode
from scenerep_ros.sources import open_source


@pytest.fixture(scope="module", autouse=True)
def context():
    rclpy.init(args=[])
    yield
    rclpy.try_shutdown()


@pytest.fixture(scope="module")
def shared():
    with running() as rig:
        yield rig


@pytest.fixture
def rig(shared):
    """The shared node, idle, with nobody listening."""
    shared.listen()
    shared.wait_for(shared.is_idle)
    return shared


def labels_of(message):
    return np.frombuffer(message.data, "<u2").reshape(message.height, message.width)


def test_every_output_of_a_real_frame_carries_its_stamp_and_frame(rig, tum_folder):
    rig.listen(*OUTPUTS)
    frame = next(iter(open_source(tum_folder)))
    assert frame.shape == (480, 640)
    sent = RGBDFrame(frame.color, frame.depth, KINECT, rig.stamp(), "/openni_rgb_optical_frame")
    rig.send(sent)
    rig.wait_for(lambda: all(rig.heard.values()))
    for name in set(OUTPUTS) - {"objects"}:
        assert rig.stamps(name) == [sent.stamp_ns]
        assert rig.heard[name][0].header.frame_id == "openni_rgb_optical_frame"
    markers = rig.heard["objects"][0].markers
    assert {m.header.frame_id for m in markers} == {"openni_rgb_optical_frame"}
    assert labels_of(rig.heard["labels"][0]).shape == (480, 640)
    cloud = rig.heard["points"][0]
    assert (cloud.height, cloud.width) == (480, 640)
    assert (
        np.frombuffer(cloud.data, "<u4")[4::5] == labels_of(rig.heard["labels"][0]).ravel()
    ).all()


def test_only_what_someone_hears_is_computed(rig):
    rig.send_until_done()
    assert not [s for s in rig.counts.timings[-1] if s.startswith("publish/")]
    rig.listen("labels")
    rig.send_until_done()
    assert [s for s in rig.counts.timings[-1] if s.startswith("publish/")] == ["publish/labels"]


def test_timings_cover_the_way_from_arrival_to_publication(rig):
    rig.listen("overlay")
    rig.send_until_done()
    timings = rig.counts.timings[-1]
    assert {"wait", "decode", "backbone", "publish", "publish/overlay", "total"} <= set(timings)
    assert timings["total"] >= timings["decode"] + timings["backbone"] + timings["publish"]
    assert timings["overhead"] == pytest.approx(
        timings["total"] - timings["wait"] - timings["backbone"]
    )


def test_overload_drops_frames_and_loses_none(rig):
    rig.listen("labels")
    before = rig.counts
    frames = [scene(rig.stamp()) for _ in range(60)]
    for message in [camera_messages(frame, "raw") for frame in frames]:
        rig.color.publish(message.color)
        rig.depth.publish(message.depth)
    rig.wait_for(lambda: rig.stamps("labels")[-1:] == [frames[-1].stamp_ns] and rig.is_idle())
    counts = rig.counts
    assert counts.dropped["superseded"] > before.dropped.get("superseded", 0)
    assert counts.segmented - before.segmented == len(rig.heard["labels"]) < 60
    assert rig.stamps("labels") == sorted(rig.stamps("labels"))


def test_parameters_are_described_over_the_service(rig):
    request = DescribeParameters.Request(names=["clusters", "backbone"])
    clusters, backbone = rig.call(DescribeParameters, "describe_parameters", request).descriptors
    assert clusters.description
    assert clusters.integer_range[0].to_value == 64
    assert backbone.read_only


def test_options_change_between_two_frames(rig):
    rig.listen("labels")
    try:
        assert rig.set(method="attention")[0].successful
        rig.send_until_done()
        assert rig.set(method="kmeans", clusters=5)[0].successful
        rig.send_until_done()
    finally:
        rig.set(method="kmeans", clusters=3)
    rig.wait_for(lambda: len(rig.heard["labels"]) == 2)
    assert rig.segmenter.config.clusters == 3


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [("backbone", "resnet18", "backbone"), ("method", "attentoin", "did you mean attention")],
)
def test_changes_that_cannot_be_are_refused_with_the_reason(rig, option, value, said):
    result = rig.set(**{option: value})[0]
    assert not result.successful
    assert said in result.reason
    rig.send_until_done()


def test_reset_starts_ids_again(rig):
    rig.listen("labels")
    for _ in range(3):
        rig.send_until_done()
    answer = rig.call(Trigger, "reset", Trigger.Request())
    assert answer.success
    rig.send_until_done()
    rig.wait_for(lambda: len(rig.heard["labels"]) == 4)
    ids = np.unique(labels_of(rig.heard["labels"][-1]))
    ids = ids[(ids > 0) & (ids < 65535)]
    assert ids.tolist() == list(range(1, len(ids) + 1))


def test_a_bag_that_loops_resets_the_ids(rig):
    rig.send_until_done()
    noted = rig.noted("time_jump")
    rig.send_until_done(frame=scene(10**9))
    assert rig.noted("time_jump") > noted
    segmented = rig.counts.segmented
    rig.send_until_done()  # and forward again, with the rig's own stamps
    assert rig.counts.segmented == segmented + 1


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


def change(rig, transition):
    request = ChangeState.Request(transition=Transition(id=transition))
    return rig.call(ChangeState, "change_state", request).success


def state(rig):
    return rig.call(GetState, "get_state", GetState.Request()).current_state.label


def test_the_life_cycle_listens_and_frees(rig):
    assert state(rig) == "active"
    assert change(rig, Transition.TRANSITION_DEACTIVATE)
    rig.wait_for(lambda: rig.color.get_subscription_count() == 0)
    assert state(rig) == "inactive"
    assert change(rig, Transition.TRANSITION_CLEANUP)
    assert rig.segmenter.count_publishers("/segmenter/labels") == 0
    assert not rig.call(Trigger, "reset", Trigger.Request()).success
    assert change(rig, Transition.TRANSITION_CONFIGURE)
    assert change(rig, Transition.TRANSITION_ACTIVATE)
    rig.connect()
    rig.listen("labels", "points")
    before = rig.counts
    rig.send_until_done(info=False)  # the calibration of before is forgotten
    rig.wait_for(lambda: rig.heard["labels"])
    assert rig.counts.segmented == before.segmented + 1
    assert rig.noted("no_camera_info") > before.noted.get("no_camera_info", 0)


def test_deactivating_under_load_accounts_for_every_frame(rig):
    for _ in range(10):
        rig.send()
    assert change(rig, Transition.TRANSITION_DEACTIVATE)
    assert rig.is_idle()
    assert change(rig, Transition.TRANSITION_ACTIVATE)
    rig.connect()
    rig.send_until_done()


def test_diagnostics_are_the_exact_account(rig):
    rig.send_until_done()
    rig.diagnostics.clear()
    rig.wait_for(lambda: rig.diagnostics)
    status, counts = rig.diagnostics[-1], rig.counts
    values = {pair.key: pair.value for pair in status.values}
    assert status.level == DiagnosticStatus.OK
    assert int(values["received"]) == counts.received
    assert int(values["segmented"]) == counts.segmented
    assert int(values["received"]) == int(values["segmented"]) + int(values["dropped"])
    reasons = [int(v) for k, v in values.items() if k.startswith("dropped.")]
    assert sum(reasons) == int(values["dropped"])
    assert (values["state"], values["device"]) == ("active", "cpu")
    assert (values["backbone"], values["method"]) == ("vit_tiny_patch16_224", "kmeans")
    assert float(values["latency_ms.backbone.p95"]) >= float(values["latency_ms.backbone.median"])


def test_a_silent_camera_is_named(rig, monkeypatch):
    monkeypatch.setattr(diagnostics, "SILENCE", 0.0)
    rig.diagnostics.clear()
    rig.wait_for(lambda: rig.diagnostics)
    assert rig.diagnostics[-1].level == DiagnosticStatus.WARN
    assert rig.config.color_topic in rig.diagnostics[-1].message
    assert rig.config.depth_topic in rig.diagnostics[-1].message


def test_a_camera_without_depth_gives_labels():
    with running(
        "mono", depth_topic="", color_topic="/mono/image", camera_info_topic="/mono/info"
    ) as rig:
        rig.listen("labels", "overlay", "points")
        stamp = rig.send_until_done()
        rig.wait_for(lambda: rig.heard["labels"] and rig.heard["overlay"])
        assert rig.stamps("labels") == [stamp]
        assert not rig.heard["points"]


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
