"""Degraded frames: each is what it says, the same each time, and none breaks the pipeline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scenerep_training.cli.evaluate import main
from scenerep_training.evaluation.framework.degradations import DEGRADATIONS, degrade

from scenerep_ros.config.options import PipelineConfig
from scenerep_ros.frames import UNLABELLED, Intrinsics, RGBDFrame
from scenerep_ros.pipeline import Pipeline


def scene(index: int, box: int = 12) -> RGBDFrame:
    """A textured box that moves before a slanted wall, 96x72."""
    v, u = np.mgrid[:72, :96]
    wall = 90 + 60 * np.sin(u / 3) * np.sin(v / 4) + 40 * np.sin((u + v) / 11)
    color = np.stack([wall, wall * 0.8, wall * 0.6], axis=-1)
    depth = 1.5 + v / 300
    inside = (abs(v - 40) < box) & (abs(u - 30 - 2 * index) < box)
    color[inside] = [230, 60, 40]
    depth[inside] = 1.1
    return RGBDFrame(
        color.clip(0, 255).astype(np.uint8),
        depth.astype(np.float32),
        Intrinsics(80.0, 80.0, 47.5, 35.5),
        stamp_ns=index * 33_333_333,
        name=str(index),
        pose=np.eye(4),
    )


@pytest.fixture(scope="module")
def pipeline():
    torch.manual_seed(0)
    return Pipeline(
        PipelineConfig(
            backbone="vit_tiny_patch16_224",
            weights="random",
            device="cpu",
            precision="fp32",
            resolution=64,
        )
    )


@settings(max_examples=20, deadline=10_000)
@given(
    st.lists(
        st.lists(st.sampled_from(sorted(DEGRADATIONS)), max_size=4),
        min_size=2,
        max_size=5,
    )
)
def test_no_mixture_over_time_breaks_the_pipeline(pipeline, mixtures):
    pipeline.reset()
    for index, names in enumerate(mixtures):
        frame = degrade(names, scene(3 * index))
        answer = pipeline(frame)
        assert answer.labels.shape == frame.shape
        present = np.setdiff1d(answer.labels, (0, UNLABELLED))
        assert [item.id for item in answer.objects] == present.tolist()
        assert all(np.isfinite(item.feature).all() for item in answer.objects)


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_a_degradation_is_the_same_each_time_and_leaves_its_input_alone(name):
    frame = scene(14)  # in an outage
    color, depth = frame.color.copy(), frame.depth.copy()
    first, again = DEGRADATIONS[name](frame), DEGRADATIONS[name](frame)
    np.testing.assert_array_equal(first.color, again.color)
    np.testing.assert_equal(first.depth, again.depth)
    np.testing.assert_array_equal(frame.color, color)
    np.testing.assert_array_equal(frame.depth, depth)
    changed = (
        (first.color != color).any()
        or first.depth is None
        or (first.depth != depth).any()
        or first.pose is None
    )
    assert changed


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_colour_only_frames_can_be_degraded_too(name):
    frame = replace(scene(0), depth=None, intrinsics=None)
    assert DEGRADATIONS[name](frame).depth is None


def test_dark_frames_keep_their_share_of_the_light():
    """sRGB 230 is 0.791 of white; 6 % of that is sRGB 61."""
    red = degrade(["dark"], scene(0)).color[40, 25:35, 0].astype(float)
    assert red.mean() == pytest.approx(61, abs=2)


def test_holes_take_their_share_and_shifts_move_depth():
    frame = scene(0)
    assert np.isnan(degrade(["holes"], frame).depth).mean() == pytest.approx(0.3, abs=0.01)
    shifted = degrade(["shifted_5"], frame).depth
    np.testing.assert_array_equal(shifted[:, 5:], frame.depth[:, :-5])
    near = degrade(["near_only"], frame).depth
    assert np.nanmax(near) <= np.median(frame.depth)


def test_the_noise_of_depth_is_doubled():
    frame = replace(scene(0), depth=np.full((72, 96), 2.0, np.float32))
    added = 1 / degrade(["noisy_depth"], frame).depth - 0.5
    assert np.hypot(added.std(), 1.4e-3) == pytest.approx(2.8e-3, rel=0.05)


def test_the_command_names_what_there_is(capsys):
    with pytest.raises(SystemExit):
        main(["objects", "--data", "nowhere", "--degrade", "fog"])
    assert "night" in capsys.readouterr().err


@pytest.mark.parametrize("protocol", ["objects", "video"])
def test_the_pipeline_sees_spoilt_frames(tmp_path, real_data, protocol):
    """Without colour and depth, nothing is found."""
    data = real_data({"objects": "mosd_learn", "video": "tum_fr1_rpy"}[protocol])
    flags = ["--backbone", "vit_tiny_patch16_224", "--weights", "random", "--resolution", "64"]
    flags += ["--frames", "2"] if protocol == "video" else ["--limit", "1"]
    argv = [protocol, "--data", str(data), "--out", str(tmp_path / "run"), *flags]
    assert (
        main([*argv, "--degrade", "no_depth", "black", "--json", str(tmp_path / "run.json")]) == 0
    )
    text = (tmp_path / "run.json").read_text()
    figure = {"objects": '"predicted": 0.0', "video": '"ids_per_minute": 0.0'}[protocol]
    assert figure in text
