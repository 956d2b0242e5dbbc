"""Segmenter over DDS with a real pipeline and a well-behaved camera."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from diagnostic_msgs.msg import DiagnosticStatus
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import DescribeParameters
from segmenter_rig import (
    SMALL_OPTIONS,
    TIMEOUT_S,
    GatedBackbone,
    make_frame,
    parameters,
    running_segmenter,
)
from std_srvs.srv import Trigger

from scenerep_ros import pipeline
from scenerep_ros.frames import BACKGROUND, KINECT, UNLABELLED, RGBDFrame
from scenerep_ros.ros.conversions.camera_messages import camera_messages
from scenerep_ros.ros.nodes.segmenter import SegmenterNode
from scenerep_ros.ros.transport.output_publishers import OUTPUT_TOPICS
from scenerep_ros.sources import open_source


def labels_of(message):
    return np.frombuffer(message.data, "<u2").reshape(message.height, message.width)


def test_segmenter_outputs_carry_stamp_and_frame_id(rig, tum_folder):
    rig.subscribe(*OUTPUT_TOPICS)
    frame = next(iter(open_source(tum_folder)))
    assert frame.shape == (480, 640)
    frame_id = "/openni_rgb_optical_frame"
    sent = RGBDFrame(frame.color, frame.depth, KINECT, rig.next_stamp(), frame_id)
    rig.publish(sent)
    rig.wait_for(lambda: all(rig.received.values()))
    for name in set(OUTPUT_TOPICS) - {"objects"}:
        assert rig.stamps(name) == [sent.stamp_ns]
        assert rig.received[name][0].header.frame_id == frame_id[1:]
    markers = rig.received["objects"][0].markers
    assert {m.header.frame_id for m in markers} == {frame_id[1:]}
    labels, cloud = labels_of(rig.received["labels"][0]), rig.received["points"][0]
    assert labels.shape == (cloud.height, cloud.width) == (480, 640)
    np.testing.assert_array_equal(np.frombuffer(cloud.data, "<u4")[4::5], labels.ravel())


def test_segmenter_computes_subscribed_outputs_only(rig):
    rig.process()
    assert not [s for s in rig.counts.timings[-1] if s.startswith("publish/")]
    rig.subscribe("labels")
    rig.process()
    assert [s for s in rig.counts.timings[-1] if s.startswith("publish/")] == ["publish/labels"]


def test_segmenter_timings_cover_arrival_to_publication(rig):
    rig.subscribe("overlay")
    rig.process()
    timings = rig.counts.timings[-1]
    assert {"wait", "decode", "backbone", "publish", "publish/overlay", "total"} <= set(timings)
    assert timings["total"] >= timings["decode"] + timings["backbone"] + timings["publish"]
    assert timings["overhead"] == pytest.approx(
        timings["total"] - timings["wait"] - timings["backbone"]
    )


def test_segmenter_overload_drops_old_frames_and_counts_them(rig):
    rig.subscribe("labels")
    before = rig.counts
    frames = [make_frame(rig.next_stamp()) for _ in range(60)]
    for message in [camera_messages(frame, "raw") for frame in frames]:
        rig.color.publish(message.color)
        rig.depth.publish(message.depth)
    rig.wait_for(lambda: rig.stamps("labels")[-1:] == [frames[-1].stamp_ns] and rig.is_idle())
    counts = rig.counts
    assert counts.dropped["superseded"] > before.dropped.get("superseded", 0)
    assert counts.segmented - before.segmented == len(rig.received["labels"]) < 60
    assert rig.stamps("labels") == sorted(rig.stamps("labels"))


def test_segmenter_describes_parameters_over_the_service(rig):
    request = DescribeParameters.Request(names=["kmeans.clusters", "backbone"])
    clusters, backbone = rig.call(DescribeParameters, "describe_parameters", request).descriptors
    assert clusters.description
    assert clusters.integer_range[0].to_value == 64
    assert "unconfigured" in backbone.additional_constraints


def test_segmenter_options_change_between_frames(rig):
    rig.subscribe("labels")
    try:
        assert rig.set_parameters(method="attention")[0].successful
        rig.process()
        assert rig.set_parameters(method="kmeans", kmeans__clusters=5)[0].successful
        rig.process()
    finally:
        rig.set_parameters(method="kmeans", kmeans__clusters=3)
    rig.wait_for(lambda: len(rig.received["labels"]) == 2)
    assert rig.segmenter.config.options_of("kmeans").clusters == 3


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("backbone", "resnet18", "clean the node up first"),
        ("method", "attentoin", "did you mean attention"),
    ],
)
def test_segmenter_refuses_invalid_parameter_with_reason(rig, option, value, reason):
    result = rig.set_parameters(**{option: value})[0]
    assert not result.successful
    assert reason in result.reason
    rig.process()


def make_random_pattern(rng, stamp_ns):
    """Create a frame of random tiles, in which few objects of the previous frame reappear."""
    frame = make_frame(stamp_ns)
    tiles = rng.integers(0, 256, (6, 8, 3), np.uint8)
    color = tiles.repeat(20, axis=0).repeat(20, axis=1)
    return RGBDFrame(color, frame.depth, frame.intrinsics, stamp_ns)


def object_ids(message):
    ids = np.unique(labels_of(message))
    return ids[(ids != BACKGROUND) & (ids != UNLABELLED)].tolist()


def test_segmenter_reset_restarts_ids(rig):
    rig.subscribe("labels")
    rng = np.random.default_rng(0)
    for _ in range(5):
        rig.process(frame=make_random_pattern(rng, rig.next_stamp(step_ns=10**9)))
    assert rig.call(Trigger, "reset", Trigger.Request()).success
    rig.process(frame=make_random_pattern(rng, rig.next_stamp()))
    rig.wait_for(lambda: len(rig.received["labels"]) == 6)
    *_, ids_before, ids_after = map(object_ids, rig.received["labels"])
    assert max(ids_before) > len(ids_before)
    assert ids_after == list(range(1, len(ids_after) + 1))


def test_segmenter_time_jump_resets_tracking(rig):
    rig.process()
    warnings = rig.warnings("time_jump")
    rig.process(frame=make_frame(10**9))
    assert rig.warnings("time_jump") > warnings
    segmented = rig.counts.segmented
    rig.process()  # time jumps forward to the rig's own stamps
    assert rig.counts.segmented == segmented + 1


def change_state(rig, transition):
    request = ChangeState.Request(transition=Transition(id=transition))
    return rig.call(ChangeState, "change_state", request).success


def lifecycle_state(rig):
    return rig.call(GetState, "get_state", GetState.Request()).current_state.label


def test_segmenter_lifecycle_unsubscribes_and_frees_outputs(rig):
    assert lifecycle_state(rig) == "active"
    assert change_state(rig, Transition.TRANSITION_DEACTIVATE)
    rig.wait_for(lambda: rig.color.get_subscription_count() == 0)
    assert lifecycle_state(rig) == "inactive"
    assert change_state(rig, Transition.TRANSITION_CLEANUP)
    assert rig.segmenter.count_publishers("/segmenter/labels") == 0
    assert not rig.call(Trigger, "reset", Trigger.Request()).success
    assert change_state(rig, Transition.TRANSITION_CONFIGURE)
    assert change_state(rig, Transition.TRANSITION_ACTIVATE)
    rig.wait_for_camera()
    rig.subscribe("labels", "points")
    before = rig.counts
    rig.process(with_info=False)  # the previous calibration is discarded
    rig.wait_for(lambda: rig.received["labels"])
    assert rig.counts.segmented == before.segmented + 1
    assert rig.warnings("no_camera_info") > before.warnings.get("no_camera_info", 0)


def test_segmenter_deactivated_under_load_accounts_for_every_frame(rig):
    for _ in range(10):
        rig.publish()
    assert change_state(rig, Transition.TRANSITION_DEACTIVATE)
    assert rig.is_idle()
    assert change_state(rig, Transition.TRANSITION_ACTIVATE)
    rig.wait_for_camera()
    rig.process()


def latest_values(rig):
    """Return the values of the latest status."""
    return {pair.key: pair.value for pair in rig.diagnostics[-1].values}


def test_segmenter_diagnostics_report_the_exact_counts(rig):
    rig.process()
    # A frame is counted after its publication, by the publishing thread.
    rig.wait_for(
        lambda: rig.counts.received == rig.counts.segmented + sum(rig.counts.dropped.values())
    )
    counts = rig.counts
    rig.diagnostics.clear()
    # A status that was published before the count may still arrive.
    rig.wait_for(lambda: rig.diagnostics and latest_values(rig)["received"] == str(counts.received))
    values = latest_values(rig)
    assert int(values["segmented"]) == counts.segmented
    assert int(values["received"]) == int(values["segmented"]) + int(values["dropped"])
    reasons = [int(v) for k, v in values.items() if k.startswith("dropped.")]
    assert sum(reasons) == int(values["dropped"])
    assert (values["state"], values["device"]) == ("active", "cpu")
    assert (values["backbone"], values["method"]) == ("vit_tiny_patch16_224", "kmeans")
    assert float(values["latency_ms.backbone.p95"]) >= float(values["latency_ms.backbone.median"])


def test_segmenter_diagnostics_name_silent_topics(rig):
    rig.diagnostics.clear()
    topic = f"no messages on {rig.config.camera_info_topic}"
    rig.wait_for(lambda: rig.diagnostics and topic in rig.diagnostics[-1].message)
    assert rig.diagnostics[-1].level in (DiagnosticStatus.WARN, DiagnosticStatus.ERROR)
    assert rig.config.color_topic in rig.diagnostics[-1].message
    assert rig.config.depth_topic in rig.diagnostics[-1].message


def test_segmenter_without_depth_topic_publishes_labels_only():
    with running_segmenter(
        "mono", depth_topic="", color_topic="/mono/image", camera_info_topic="/mono/info"
    ) as rig:
        rig.subscribe("labels", "overlay", "points")
        stamp = rig.process()
        rig.wait_for(lambda: rig.received["labels"] and rig.received["overlay"])
        assert rig.stamps("labels") == [stamp]
        assert not rig.received["points"]


@pytest.mark.usefixtures("ros_context")
def test_segmenter_failing_to_configure_leaves_no_publishers():
    if find_spec("tf2_ros") is not None:
        pytest.skip("tf2_ros is installed, so poses of tf fail no start")
    options = parameters(**SMALL_OPTIONS, map__enabled=True, map__poses="recorded")
    node = SegmenterNode(parameter_overrides=options, namespace="broken")
    before = {publisher.topic_name for publisher in node.publishers}
    try:
        for _ in range(2):
            assert not node.start()  # the map has no source of poses
            assert {publisher.topic_name for publisher in node.publishers} == before
    finally:
        node.close()
        node.destroy_node()


def test_segmenter_services_answer_during_a_frame(monkeypatch):
    load_backbone = pipeline.load_backbone
    backbones = []

    def load_gated_backbone(config):
        backbones.append(GatedBackbone(load_backbone(config)))
        return backbones[-1]

    monkeypatch.setattr(pipeline, "load_backbone", load_gated_backbone)
    topics = {"depth_topic": "", "color_topic": "/gated/image", "camera_info_topic": "/gated/info"}
    with running_segmenter("gated", **topics) as rig:
        backbone = backbones[0]
        backbone.gate.clear()
        rig.publish()
        assert backbone.entered.acquire(timeout=TIMEOUT_S)
        assert rig.set_parameters(resolution=128)[0].successful
        assert rig.call(Trigger, "reset", Trigger.Request()).success
        assert not rig.is_idle()  # both services answered although the frame is in progress
        backbone.gate.set()
        rig.wait_for(rig.is_idle)
        rig.process()
    assert backbone.resolutions == [96, 128]
