"""The segmenter over DDS: a real pipeline, with a camera that behaves, and one that does not."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from diagnostic_msgs.msg import DiagnosticStatus
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import DescribeParameters
from segmenter_rig import running, scene
from std_srvs.srv import Trigger

from scenerep_ros.frames import KINECT, RGBDFrame
from scenerep_ros.ros.conversions.camera_messages import camera_messages
from scenerep_ros.ros.monitoring import diagnostics
from scenerep_ros.ros.transport.output_publishers import OUTPUTS
from scenerep_ros.sources import open_source


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
