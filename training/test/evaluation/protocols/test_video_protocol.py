from __future__ import annotations

import json

import numpy as np
import pytest
from layouts import square_mask, truncate_file, write_tum
from moving_scene import crop_view, square_labels, wall_frame
from scenerep_training.cli.evaluate import main
from scenerep_training.evaluation.metrics.masks import best_region
from scenerep_training.evaluation.protocols.video import TemporalConsistency, Video
from untrained import to_flags, untrained_config

from scenerep_ros.errors import FrameError
from scenerep_ros.filesystem.atomic import write_image
from scenerep_ros.pipeline import Pipeline
from scenerep_ros.sources import open_source

OPTIONS = {"method": "kmeans", "kmeans.clusters": 2}


def make_video(data, frames=None, **options):
    return Video(data, untrained_config(96, **OPTIONS | options), frames)


def write_moving_box(folder, frames=4):
    """Write a recording of a box that moves in front of a wall, visible in depth only."""
    masks = [square_mask(3, left=8 + 4 * index) for index in range(frames)]
    write_tum(folder, masks)
    for index, mask in enumerate(masks):
        depth = np.where(mask > 0, 4000, 5000).astype(np.uint16)
        write_image(folder / "depth" / f"{index}.png", depth)
    camera = {"fx": 50, "fy": 50, "cx": 31.5, "cy": 23.5, "depth_scale": 0.0002}
    (folder / "camera.json").write_text(json.dumps(camera))
    return folder


@pytest.mark.parametrize("posed", [True, False])
def test_consistency_of_known_switch_matches_hand_calculation(posed):
    """Eight frames at 7 Hz last one second; one square of 400 pixels changes its id once."""
    consistency = TemporalConsistency()
    for index in range(8):
        labels = crop_view(square_labels((1, 2 if index < 5 else 9)), index)
        consistency.update(wall_frame(index, posed), labels)
    metrics = consistency.compute(rate=7.0)
    assert metrics["switches_per_minute"] == pytest.approx(60)
    assert (metrics["swaps"], metrics["rebirths"]) == (0, 1)
    assert metrics["ids_per_minute"] == pytest.approx(180)
    assert metrics["life_median"] == pytest.approx(5 / 7)
    assert metrics["life_mean"] == pytest.approx(16 / 3 / 7)
    assert metrics["object_flicker"] == pytest.approx(1 / 14, rel=0 if posed else 0.05)
    assert metrics["measured"] == posed
    assert metrics["frames"] == 8


def test_consistency_of_one_frame_has_no_rates():
    consistency = TemporalConsistency()
    consistency.update(wall_frame(0), crop_view(square_labels((1,)), 0))
    metrics = consistency.compute(rate=30.0)
    assert np.isnan(metrics["switches_per_minute"])
    assert np.isnan(metrics["flicker"])
    assert metrics["life_median"] == pytest.approx(1 / 30)


def test_video_with_masks_has_track_metrics(tmp_path):
    protocol = make_video(write_moving_box(tmp_path / "a"), min_area=0.05)
    result = protocol.evaluate("a")
    assert result.metrics["objects"] == 1
    assert result.metrics["mot_switches"] == result.metrics["switches_per_minute"] == 0
    pipeline = Pipeline(protocol.config, protocol.pipeline.backbone)
    expected = best_object_ious(pipeline, tmp_path / "a")
    assert result.metrics["track_iou"] == pytest.approx(np.mean(expected))
    assert result.metrics["frame_iou"] == pytest.approx(np.mean(expected))
    assert result.metrics["life_median"] == pytest.approx(4 / 30)
    assert result.picture.shape == (48, 3 * 64 + 2 * 8, 3)


def best_object_ious(pipeline, folder):
    """IoU of the box with the best object of each frame."""
    source = open_source(folder)
    pairs = [
        (pipeline(source[index]).labels, source.ground_truth(index)) for index in range(len(source))
    ]
    return [best_region(labels, truth > 0)[1] for labels, truth in pairs]


def test_video_with_tracking_is_more_consistent_than_without(real_data):
    data = real_data("tum_fr1_rpy")
    tracked, untracked = (
        make_video(data, frames=6, track=track).evaluate("tum_fr1_rpy").metrics
        for track in (True, False)
    )
    assert tracked["measured"] == 1
    assert 0.3 < tracked["compared"] < 1
    assert tracked["object_flicker"] < untracked["object_flicker"]
    assert tracked["switches_per_minute"] < untracked["switches_per_minute"]


def test_video_counts_and_logs_unreadable_frame(tmp_path, caplog):
    data = write_tum(tmp_path / "a", [square_mask(1)] * 4)
    truncate_file(data / "rgb" / "2.png")
    metrics = make_video(data, use_depth=False).evaluate("a").metrics
    assert (metrics["frames"], metrics["unreadable"]) == (3, 1)
    assert "skipped frame 2" in caplog.text


def test_video_without_readable_frame_raises_frame_error(tmp_path):
    data = write_tum(tmp_path / "a", [square_mask(1)] * 2)
    for path in data.glob("rgb/*.png"):
        truncate_file(path)
    with pytest.raises(FrameError, match="none of 2 frames"):
        make_video(data).evaluate("a")


def test_video_measures_each_playback_of_a_recording(tmp_path):
    write_moving_box(tmp_path / "a", frames=6)
    protocol = Video(
        tmp_path / "a", untrained_config(96, **OPTIONS), playbacks=["as_recorded", "every_3rd"]
    )
    assert protocol.samples() == ["a", "a/every_3rd"]
    lengths = [protocol.evaluate(sample).metrics["frames"] for sample in protocol.samples()]
    assert lengths == [6, 2]


def test_video_is_independent_of_earlier_recordings(tmp_path):
    for name in ("a", "b"):
        write_moving_box(tmp_path / name)
    protocol = make_video(tmp_path)
    first, second = (protocol.evaluate(name) for name in ("a", "b"))
    assert first.metrics == second.metrics
    np.testing.assert_array_equal(first.picture, second.picture)


def test_video_command_stores_flags_and_names_failures(tmp_path, capsys):
    for name in ("a", "b"):
        masks = [square_mask(3, left=left) for left in (8, 12, 16)]
        write_tum(tmp_path / "data" / name, masks)
    (tmp_path / "data" / "b" / "rgb.txt").write_text("nonsense")
    out = tmp_path / "out"
    flags = ["--out", str(out), "--no-track", "--frames", "2"]
    flags += to_flags(resolution=96, **OPTIONS)
    assert main(["video", "--data", str(tmp_path / "data"), *flags]) == 0
    run = json.loads((out / "run.json").read_text())
    assert run["settings"]["flags"] == {
        "frames": 2,
        "degradations": [],
        "playbacks": ["as_recorded"],
    }
    assert run["tables"][0]["rows"]["all"]["frames"] == 2
    assert "failed: b: " in capsys.readouterr().out
