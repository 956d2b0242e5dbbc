"""From the running camera to its recording, and back to the node with a network tuned on it."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")
pytest.importorskip("scenerep_training", reason="the training module is not installed")

from camera_listener import ros_node
from scenerep_training.agreement import gate
from scenerep_training.cli.train import main
from scenerep_training.tuning import plan
from segmenter_rig import SMALL_OPTIONS, running_segmenter
from std_srvs.srv import Trigger

from scenerep_ros import Pipeline, PipelineConfig, open_source
from scenerep_ros.backbones.loading import apply_model_card
from scenerep_ros.backbones.weights.checkpoint import read_card, read_checkpoint, save_checkpoint
from scenerep_ros.backbones.weights.packaged import PACKAGE_FOLDER
from scenerep_ros.ros.tools.recorder import BagWriter, Recorder, RecordingLimits

pytestmark = [pytest.mark.usefixtures("ros_context"), pytest.mark.slow]

OPTIONS = {
    "backbone": "student",
    "runtime": "torch",
    "method": "fused",
    "track": False,
    "use_depth": False,
    "color_topic": "/loop/image",
    "depth_topic": "/loop/depth",
    "camera_info_topic": "/loop/info",
}
FRAMES = range(0, 60, 4)
"""Frames of the embedded sequence that the camera shows: 15, of which the gate holds back 3."""


@pytest.fixture
def short(monkeypatch):
    """Make the shortest run shorter: 4 steps, two measurements, three pairs of frames for the gate."""
    steps = replace(plan.CONSTANTS, min_steps=4, max_steps=4, measurements=1)
    monkeypatch.setattr(plan, "CONSTANTS", steps)
    samples = replace(gate.CONSTANTS, samples=2, forgetting_samples=1)
    monkeypatch.setattr(gate, "CONSTANTS", samples)


def show(rig, frame):
    """Publish a frame of the embedded sequence, and wait until the node has processed it."""
    frame = replace(frame, stamp_ns=rig.next_stamp(10**9), frame_id="camera")
    return rig.process(frame=frame)


def label_image(message):
    """Return the labels (H, W) of a message."""
    return np.frombuffer(message.data, np.uint16).reshape(message.height, message.width)


def load(rig, folder):
    assert rig.set_parameters(next_weights=str(folder))[0].successful
    return rig.call(Trigger, "load_weights", Trigger.Request())


def checksum(rig):
    """Return the checksum in the next status."""
    rig.diagnostics.clear()
    rig.wait_for(lambda: rig.diagnostics)
    return {pair.key: pair.value for pair in rig.diagnostics[-1].values}["checksum"]


def tuned_config(folder):
    """Return the options of the node with the weights of a folder."""
    names = ("method", "track", "use_depth", "runtime")
    values = {name: OPTIONS[name] for name in names}
    values |= {name: SMALL_OPTIONS[name] for name in ("device", "precision", "resolution")}
    return apply_model_card(PipelineConfig(weights=str(folder), **values))


@pytest.mark.usefixtures("short", "dinov2")
def test_recording_of_the_camera_returns_as_weights(tmp_path, tabletop_folder, capsys):
    source, tuned = open_source(tabletop_folder), tmp_path / "tuned"
    with running_segmenter("loop", **OPTIONS) as rig:
        rig.subscribe("labels")
        # 1. Record what the camera of the running node shows.
        writer = BagWriter(tmp_path / "bag")
        with ros_node("recorder") as node:
            recorder = Recorder(node, rig.config, writer, RecordingLimits(inf, 10**6, inf))
            rig.wait_for(lambda: rig.color.get_subscription_count() == 2)
            for number, index in enumerate(FRAMES, 1):
                show(rig, source[index])
                rig.wait_for(lambda n=number: recorder.counters.snapshot().segmented == n)
            recorder.close()
        writer.close()
        # 2. Tune on the recording.
        flags = ["--minutes", "0.1", "--device", "cpu"]
        data = ["--data", str(tmp_path / "bag"), "--output", str(tuned)]
        assert main(["tune", *data, *flags]) == 0
        assert main(["tune", *data, *flags]) == 0
        assert "this run is complete" in capsys.readouterr().out
        assert not (tuned / "teacher").exists()
        assert read_card(tuned).sha256 != read_card(PACKAGE_FOLDER).sha256
        # 3. Swap: the next frame is segmented by the new network.
        answer = load(rig, tuned)
        assert answer.success, answer.message
        rig.received["labels"].clear()
        stamp_ns = show(rig, source[20])
        rig.wait_for(lambda: rig.stamps("labels") == [stamp_ns])
        assert checksum(rig) == read_card(tuned).sha256
        config, frame = tuned_config(tuned), replace(source[20], depth=None, intrinsics=None)
        expected = Pipeline(config)(frame).labels
        np.testing.assert_array_equal(label_image(rig.received["labels"][-1]), expected)
        # 4. A broken checkpoint is refused, and the first network can be had back.
        broken = tmp_path / "broken"
        card, state = read_checkpoint(tuned)
        save_checkpoint(broken, state, card)
        path = broken / "model.safetensors"
        path.write_bytes(path.read_bytes()[:-100])
        assert not load(rig, broken).success
        show(rig, source[24])
        assert checksum(rig) == read_card(tuned).sha256
        assert rig.call(Trigger, "rollback", Trigger.Request()).success
        show(rig, source[28])
        assert checksum(rig) != read_card(tuned).sha256
        assert not rig.counts.dropped
