"""Degradations have the stated strength, are deterministic, and do not break the pipeline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scenerep_training.cli.evaluate import main
from scenerep_training.evaluation.framework.degradations import DEGRADATIONS, degrade

from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.frames import UNLABELLED, Intrinsics, RGBDFrame
from scenerep_ros.pipeline import Pipeline


def render_scene(index: int, box: int = 12) -> RGBDFrame:
    """Render a box that moves in front of a textured, slanted wall, 96x72."""
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


@pytest.mark.slow
@settings(max_examples=20, deadline=10_000)
@given(
    st.lists(
        st.lists(st.sampled_from(sorted(DEGRADATIONS)), max_size=4),
        min_size=2,
        max_size=5,
    )
)
def test_pipeline_is_consistent_under_changing_degradations(pipeline, names_by_frame):
    pipeline.reset()
    for index, names in enumerate(names_by_frame):
        frame = degrade(names, render_scene(3 * index))
        segmentation = pipeline(frame)
        assert segmentation.labels.shape == frame.shape
        ids = np.setdiff1d(segmentation.labels, (0, UNLABELLED))
        assert [item.id for item in segmentation.objects] == ids.tolist()
        assert all(np.isfinite(item.feature).all() for item in segmentation.objects)


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_degradation_is_deterministic_and_keeps_its_input(name):
    frame = render_scene(14)  # in an outage
    color, depth = frame.color.copy(), frame.depth.copy()
    first, second = DEGRADATIONS[name](frame), DEGRADATIONS[name](frame)
    np.testing.assert_array_equal(first.color, second.color)
    np.testing.assert_equal(first.depth, second.depth)
    np.testing.assert_array_equal(frame.color, color)
    np.testing.assert_array_equal(frame.depth, depth)


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_degradation_changes_frame(name):
    frame = render_scene(14)  # in an outage
    degraded = DEGRADATIONS[name](frame)
    is_color_changed = (degraded.color != frame.color).any()
    is_depth_changed = degraded.depth is None or (degraded.depth != frame.depth).any()
    assert is_color_changed or is_depth_changed or degraded.pose is None


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_degradation_supports_frames_without_depth(name):
    frame = replace(render_scene(0), depth=None, intrinsics=None)
    assert DEGRADATIONS[name](frame).depth is None


def test_dark_keeps_six_percent_of_light():
    """sRGB 230 is 0.791 of white; 6 % of that is sRGB 61."""
    red = degrade(["dark"], render_scene(0)).color[40, 25:35, 0].astype(float)
    assert red.mean() == pytest.approx(61, abs=2)


def test_holes_remove_thirty_percent_of_depth():
    holes = np.isnan(degrade(["holes"], render_scene(0)).depth)
    assert holes.mean() == pytest.approx(0.3, abs=0.01)


def test_shifted_5_moves_depth_to_the_right():
    frame = render_scene(0)
    shifted = degrade(["shifted_5"], frame).depth
    np.testing.assert_array_equal(shifted[:, 5:], frame.depth[:, :-5])
    assert np.isnan(shifted[:, :5]).all()


def test_near_only_and_far_only_split_depth_at_median():
    frame = render_scene(0)
    median = np.median(frame.depth)
    assert np.nanmax(degrade(["near_only"], frame).depth) <= median
    assert np.nanmin(degrade(["far_only"], frame).depth) >= median


def test_noisy_depth_doubles_noise():
    frame = replace(render_scene(0), depth=np.full((72, 96), 2.0, np.float32))
    added = 1 / degrade(["noisy_depth"], frame).depth - 0.5
    assert np.hypot(added.std(), 1.4e-3) == pytest.approx(2.8e-3, rel=0.05)


def test_unknown_degradation_lists_the_known_ones(capsys):
    with pytest.raises(SystemExit):
        main(["objects", "--data", "nowhere", "--degrade", "fog"])
    assert "night" in capsys.readouterr().err


@pytest.mark.parametrize("protocol", ["objects", "video"])
def test_pipeline_receives_degraded_frames(tmp_path, real_data, protocol):
    """A pipeline without color and depth predicts no object."""
    data = real_data({"objects": "mosd_learn", "video": "tum_fr1_rpy"}[protocol])
    flags = ["--backbone", "vit_tiny_patch16_224", "--weights", "random", "--resolution", "64"]
    flags += ["--frames", "2"] if protocol == "video" else ["--limit", "1"]
    argv = [protocol, "--data", str(data), "--out", str(tmp_path / "run"), *flags]
    assert (
        main([*argv, "--degrade", "no_depth", "black", "--json", str(tmp_path / "run.json")]) == 0
    )
    text = (tmp_path / "run.json").read_text()
    entry = {"objects": '"predicted": 0.0', "video": '"ids_per_minute": 0.0'}[protocol]
    assert entry in text
