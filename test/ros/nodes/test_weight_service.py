"""Another network in the running node, over DDS."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

import torch
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from segmenter_rig import running_segmenter
from std_srvs.srv import Trigger

from scenerep_ros.backbones.networks.timm_networks import load_network
from scenerep_ros.backbones.weights.checkpoint import ModelCard, read_card, save_checkpoint
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.ros.nodes.label_watch import CONSTANTS
from scenerep_ros.sources import open_source

pytestmark = pytest.mark.usefixtures("ros_context")

OPTIONS = {
    "backbone": "test_resnet",
    "runtime": "torch",
    "method": "kmeans",
    "use_depth": False,
    "depth_topic": "",
    "color_topic": "/swap/image",
    "camera_info_topic": "/swap/info",
}


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """Folders of two working networks, of one without weights, and of a truncated one."""
    folder = tmp_path_factory.mktemp("checkpoints")
    for seed, name in enumerate(("first", "second", "zero", "truncated")):
        torch.manual_seed(seed)
        network, normalization = load_network("test_resnet", "random")
        scale = float(name != "zero")
        state = {key: scale * value for key, value in network.state_dict().items()}
        card = ModelCard(
            architecture="test_resnet",
            mean=normalization.mean,
            std=normalization.std,
            resolution=96,
            origin="",
            license="",
        )
        save_checkpoint(folder / name, state, card)
    path = folder / "truncated" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    return folder


@pytest.fixture
def rig(checkpoints, tabletop_folder):
    with running_segmenter("swap", weights=str(checkpoints / "first"), **OPTIONS) as rig:
        rig.source = open_source(tabletop_folder)
        rig.subscribe("labels")
        yield rig


def process(rig):
    """Process one color frame of the embedded sequence."""
    stamp_ns = rig.next_stamp()
    color = rig.source[0].color
    frame = RGBDFrame(color, None, None, stamp_ns, "camera")
    return rig.process(frame=frame, with_info=False)


def call(rig, name):
    return rig.call(Trigger, name, Trigger.Request())


def load(rig, folder):
    assert rig.set_parameters(next_weights=str(folder))[0].successful
    return call(rig, "load_weights")


def checksum(rig):
    """Return the checksum in the next status."""
    rig.diagnostics.clear()
    rig.wait_for(lambda: rig.diagnostics)
    return checksums(rig)[-1]


def checksums(rig):
    """Return the checksum of each status."""
    return [
        next(pair.value for pair in status.values if pair.key == "checksum")
        for status in rig.diagnostics
    ]


def stop_timers(rig):
    """Let the node report and set nothing but at events."""
    for timer in rig.segmenter.timers:
        timer.cancel()
    rig.diagnostics.clear()


def change_state(rig, transition):
    return rig.call(
        ChangeState, "change_state", ChangeState.Request(transition=Transition(id=transition))
    )


def test_load_weights_swaps_while_every_frame_is_segmented(rig, checkpoints):
    stamps = [process(rig)]
    assert rig.set_parameters(next_weights=str(checkpoints / "second"))[0].successful
    client = rig.tester.create_client(Trigger, "/swap/segmenter/load_weights")
    assert client.wait_for_service(30)
    answer = client.call_async(Trigger.Request())
    while not answer.done():
        stamps.append(process(rig))
    assert answer.result().success, answer.result().message
    stamps.append(process(rig))
    rig.wait_for(lambda: len(rig.received["labels"]) == len(stamps))
    assert rig.stamps("labels") == stamps
    assert len(stamps) > 3  # frames went on during the load
    assert not rig.counts.dropped
    assert checksum(rig) == read_card(checkpoints / "second").sha256
    assert rig.segmenter.get_parameter("weights").value == str(checkpoints / "second")


def test_broken_weights_are_refused_and_the_old_go_on(rig, checkpoints):
    process(rig)
    answer = load(rig, checkpoints / "truncated")
    assert not answer.success
    assert "truncated, modified or of another checkpoint" in answer.message
    for unreadable in ("~nosuchuser/weights", "a" * 5000):
        answer = load(rig, unreadable)
        assert not answer.success
        assert f"{unreadable}: " in answer.message or f"'{unreadable}': " in answer.message
    process(rig)
    assert checksum(rig) == read_card(checkpoints / "first").sha256
    assert not call(rig, "rollback").success


def test_weights_without_objects_in_latest_frame_are_refused(rig, checkpoints):
    process(rig)
    answer = load(rig, checkpoints / "zero")
    assert not answer.success
    assert "finds no object in the latest frame" in answer.message


def test_vanished_labels_bring_the_previous_weights_back(rig, checkpoints):
    assert load(rig, checkpoints / "zero").success  # there is no frame yet to try them on
    stop_timers(rig)
    for _ in range(CONSTANTS.max_empty_frames):
        process(rig)
    assert rig.warnings("fallback") == 1
    assert rig.segmenter.counts.objects > 0  # the last frame was segmented by the first network
    expected = [read_card(checkpoints / name).sha256 for name in ("zero", "first")]
    rig.wait_for(lambda: checksums(rig) == expected)
    rig.wait_for(lambda: rig.segmenter.config.weights == str(checkpoints / "first"))
    assert rig.segmenter.get_parameter("weights").value == str(checkpoints / "first")


def test_status_follows_the_network_without_the_timer(rig, checkpoints):
    process(rig)
    stop_timers(rig)
    assert load(rig, checkpoints / "second").success
    process(rig)
    rig.wait_for(lambda: checksums(rig) == [read_card(checkpoints / "second").sha256])


def test_rollback_returns_to_the_weights_before(rig, checkpoints):
    process(rig)
    assert load(rig, checkpoints / "second").success
    process(rig)
    assert call(rig, "rollback").success
    process(rig)
    assert checksum(rig) == read_card(checkpoints / "first").sha256
    assert rig.segmenter.config.weights == str(checkpoints / "first")


def test_weights_can_be_set_while_inactive(rig, checkpoints):
    second = str(checkpoints / "second")
    assert "clean the node up first" in rig.set_parameters(weights=second)[0].reason
    assert change_state(rig, Transition.TRANSITION_DEACTIVATE).success
    assert not rig.set_parameters(weights=str(checkpoints / "truncated"))[0].successful
    assert rig.set_parameters(weights=second)[0].successful
    assert change_state(rig, Transition.TRANSITION_ACTIVATE).success
    rig.wait_for_camera()
    process(rig)
    assert checksum(rig) == read_card(checkpoints / "second").sha256
