from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from layouts import damage, square, write_tum
from moving_scene import patches, wall_frame, window
from scenerep_training.cli.evaluate import main
from scenerep_training.evaluation.metrics.masks import best_region
from scenerep_training.evaluation.protocols.video import Consistency, Video

from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.config.validation import validated
from scenerep_ros.errors import FrameError
from scenerep_ros.filesystem.atomic import write_image
from scenerep_ros.pipeline import Pipeline
from scenerep_ros.sources import open_source

TINY = {
    "backbone": "vit_tiny_patch16_224",
    "weights": "random",
    "device": "cpu",
    "precision": "fp32",
    "resolution": 96,
    "method": "kmeans",
    "kmeans.clusters": 2,
}
FLAGS = [part for name, value in TINY.items() for part in (f"--{name}", str(value))]


def video(data, frames=None, **options):
    torch.manual_seed(0)
    return Video(data, validated(PipelineConfig, TINY | options), frames)


def write_box(folder, frames=4):
    """A box that moves before a wall, which depth alone tells apart."""
    masks = [square(3, left=8 + 4 * index) for index in range(frames)]
    write_tum(folder, masks)
    for index, mask in enumerate(masks):
        depth = np.where(mask > 0, 4000, 5000).astype(np.uint16)
        write_image(folder / "depth" / f"{index}.png", depth)
    camera = {"fx": 50, "fy": 50, "cx": 31.5, "cy": 23.5, "depth_scale": 0.0002}
    (folder / "camera.json").write_text(json.dumps(camera))
    return folder


@pytest.mark.parametrize("posed", [True, False])
def test_figures_of_a_video_whose_switches_are_known(posed):
    """Eight frames at 7 a second last one second; one patch of 400 pixels is renamed once."""
    consistency = Consistency()
    for index in range(8):
        labels = window(patches((1, 2 if index < 5 else 9)), index)
        consistency.add(wall_frame(index, posed), labels)
    figures = consistency.figures(rate=7.0)
    assert figures["switches_per_minute"] == pytest.approx(60)
    assert (figures["swaps"], figures["rebirths"]) == (0, 1)
    assert figures["ids_per_minute"] == pytest.approx(180)
    assert figures["life_median"] == pytest.approx(5 / 7)
    assert figures["life_mean"] == pytest.approx(16 / 3 / 7)
    assert figures["object_flicker"] == pytest.approx(1 / 14, rel=0 if posed else 0.05)
    assert figures["measured"] == posed
    assert figures["frames"] == 8


def test_one_frame_has_no_rates():
    consistency = Consistency()
    consistency.add(wall_frame(0), window(patches((1,)), 0))
    figures = consistency.figures(rate=30.0)
    assert np.isnan(figures["switches_per_minute"])
    assert np.isnan(figures["flicker"])
    assert figures["life_median"] == pytest.approx(1 / 30)


def test_a_recording_with_masks_is_measured_against_them(tmp_path):
    protocol = video(write_box(tmp_path / "a"))
    result = protocol.evaluate("a")
    assert result.figures["objects"] == 1
    assert result.figures["mot_switches"] == result.figures["switches_per_minute"] == 0
    expected = best_ious(Pipeline(protocol.config, protocol.pipeline.backbone), tmp_path / "a")
    assert result.figures["track_iou"] == pytest.approx(np.mean(expected))
    assert result.figures["frame_iou"] == pytest.approx(np.mean(expected))
    assert result.figures["life_median"] == pytest.approx(4 / 30)
    assert result.picture.shape == (48, 3 * 64 + 2 * 8, 3)


def best_ious(pipeline, folder):
    """IoU of the box with the object that fits it best, in each frame."""
    source = open_source(folder)
    pairs = [
        (pipeline(source[index]).labels, source.ground_truth(index)) for index in range(len(source))
    ]
    return [best_region(labels, truth > 0)[1] for labels, truth in pairs]


def test_tracking_can_be_left_out_for_comparison(real_data):
    data = real_data("tum_fr1_rpy")
    tracked, numbered = (
        video(data, frames=6, track=track).evaluate("tum_fr1_rpy").figures
        for track in (True, False)
    )
    assert tracked["measured"] == 1
    assert 0.3 < tracked["compared"] < 1
    assert tracked["object_flicker"] < numbered["object_flicker"]
    assert tracked["switches_per_minute"] < numbered["switches_per_minute"]


def test_an_unreadable_frame_is_counted_and_named(tmp_path, caplog):
    data = write_tum(tmp_path / "a", [square(1)] * 4)
    damage(data / "rgb" / "2.png")
    figures = video(data, use_depth=False).evaluate("a").figures
    assert (figures["frames"], figures["unreadable"]) == (3, 1)
    assert "skipped frame 2" in caplog.text


def test_a_recording_of_which_nothing_can_be_read_fails(tmp_path):
    data = write_tum(tmp_path / "a", [square(1)] * 2)
    for path in data.glob("rgb/*.png"):
        damage(path)
    with pytest.raises(FrameError, match="none of 2 frames"):
        video(data).evaluate("a")


def test_no_object_is_remembered_from_one_recording_to_the_next(tmp_path):
    for name in ("a", "b"):
        write_box(tmp_path / name)
    protocol = video(tmp_path)
    first, second = (protocol.evaluate(name) for name in ("a", "b"))
    assert first.figures == second.figures
    np.testing.assert_array_equal(first.picture, second.picture)


def test_from_the_command_line(tmp_path, capsys):
    for name in ("a", "b"):
        write_tum(tmp_path / "data" / name, [square(3, left=left) for left in (8, 12, 16)])
    (tmp_path / "data" / "b" / "rgb.txt").write_text("nonsense")
    out = tmp_path / "out"
    flags = ["--out", str(out), "--no-track", "--frames", "2", *FLAGS]
    assert main(["video", "--data", str(tmp_path / "data"), *flags]) == 0
    run = json.loads((out / "run.json").read_text())
    assert run["settings"]["flags"] == {"frames": 2, "degraded": []}
    assert run["tables"][0]["rows"]["all"]["frames"] == 2
    assert "failed: b: " in capsys.readouterr().out
