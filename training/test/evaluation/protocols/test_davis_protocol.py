from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from layouts import checkerboard_image, truncate_file, write_davis
from scenerep_training.cli.evaluate import main
from scenerep_training.datasets.davis import read_ids
from scenerep_training.evaluation.framework.protocol import Row
from scenerep_training.evaluation.label_propagation.propagation import (
    LabelPropagation,
    labels_to_grid,
    scores_to_labels,
)
from scenerep_training.evaluation.metrics.j_and_f import contour_f, sequence_statistics
from scenerep_training.evaluation.metrics.masks import mask_iou
from scenerep_training.evaluation.protocols.davis import Davis
from untrained import to_flags, untrained_config

from scenerep_ros.errors import FrameError
from scenerep_ros.filesystem.atomic import write_image

RESOLUTION = 192


def make_davis(data, folder, **arguments):
    protocol = Davis(data, untrained_config(RESOLUTION), **arguments)
    protocol.folder = folder
    return protocol


def write_two_objects(folder, frames=5):
    """Object 1 moves to the right; object 2 stands still and disappears at frame 3."""
    for index in range(frames):
        ids = np.zeros((48, 64), np.uint8)
        ids[4:20, 4 + 4 * index : 24 + 4 * index] = 1
        if index < 3:
            ids[28:44, 20:44] = 2
        image_path = folder / "JPEGImages" / "480p" / "two" / f"{index:05d}.png"
        write_image(image_path, checkerboard_image(ids))
        write_image(annotation_path(folder, "two", index), ids)
    return folder


def annotation_path(data, sequence, index):
    return data / "Annotations" / "480p" / sequence / f"{index:05d}.png"


def mask_path(run_folder, sequence, index):
    return run_folder / "masks" / sequence / f"{index:05d}.png"


def test_metrics_are_those_of_written_masks(tmp_path):
    data = write_two_objects(tmp_path / "data")
    metrics = make_davis(data, tmp_path / "run").evaluate("two").metrics
    j, f = np.zeros((2, 2, 3))
    for index in (1, 2, 3):  # the first and the last frame are not scored
        predicted = read_ids(mask_path(tmp_path / "run", "two", index))
        truth = read_ids(annotation_path(data, "two", index))
        for label in (1, 2):
            j[label - 1, index - 1] = mask_iou(predicted == label, truth == label)
            f[label - 1, index - 1] = contour_f(predicted == label, truth == label)
    assert metrics["objects"] == 2
    assert metrics["j_mean"] == pytest.approx(j.mean())
    assert metrics["f_mean"] == pytest.approx(f.mean())
    assert metrics["jf_mean"] == pytest.approx((j.mean() + f.mean()) / 2)
    decays = [sequence_statistics(values).decay for values in j]
    assert metrics["j_decay"] == pytest.approx(np.mean(decays))


@pytest.mark.parametrize("propagation", ["online", "dino"])
def test_propagated_mask_follows_object(tmp_path, propagation):
    data = write_davis(tmp_path / "data", sequences=("bear",), frames=6)
    result = make_davis(data, tmp_path / "run", propagation=propagation).evaluate("bear")
    masks = [read_ids(annotation_path(data, "bear", index)) == 1 for index in range(5)]
    static_ious = [mask_iou(masks[0], mask) for mask in masks[1:]]
    assert result.metrics["j_mean"] > 0.7
    assert result.metrics["j_mean"] > np.mean(static_ious) + 0.05
    assert result.picture.shape == (48, 3 * 64 + 2 * 8, 3)


def test_dino_propagation_uses_features_alone(tmp_path):
    data = write_two_objects(tmp_path / "data")
    protocol = make_davis(data, tmp_path / "run", propagation="dino")
    protocol.evaluate("two")
    first, second = (
        checkerboard_image(read_ids(annotation_path(data, "two", index))) for index in (0, 1)
    )
    grids = [
        torch.from_numpy(protocol.backbone(color, RESOLUTION).grid) for color in (first, second)
    ]
    labels = read_ids(annotation_path(data, "two", 0))
    propagation = LabelPropagation(grids[0], labels_to_grid(labels, grids[0]))
    expected = scores_to_labels(propagation(grids[1]), labels.shape)
    np.testing.assert_array_equal(read_ids(mask_path(tmp_path / "run", "two", 1)), expected)


def test_first_mask_is_ground_truth(tmp_path):
    data = write_davis(tmp_path / "data", sequences=("bear",), frames=3)
    make_davis(data, tmp_path / "run").evaluate("bear")
    mask = read_ids(mask_path(tmp_path / "run", "bear", 0))
    np.testing.assert_array_equal(mask == 1, read_ids(annotation_path(data, "bear", 0)) == 1)


def test_frames_flag_shortens_sequence(tmp_path):
    data = write_davis(tmp_path / "data", sequences=("bear",), frames=6)
    make_davis(data, tmp_path / "run", frames=4).evaluate("bear")
    assert len(list((tmp_path / "run" / "masks" / "bear").iterdir())) == 4


@pytest.mark.parametrize("frames", [1, 2])
def test_sequence_without_scored_frame_raises_frame_error(tmp_path, frames):
    data = write_davis(tmp_path / "data", sequences=("bear",), frames=frames)
    with pytest.raises(FrameError, match="too few"):
        make_davis(data, tmp_path).evaluate("bear")


def test_sequence_without_object_raises_frame_error(tmp_path):
    data = write_davis(tmp_path / "data", sequences=("bear",), frames=3)
    write_image(annotation_path(data, "bear", 0), np.zeros((48, 64), np.uint8))
    with pytest.raises(FrameError, match="first annotation of bear is empty"):
        make_davis(data, tmp_path).evaluate("bear")


def test_summary_weights_objects_equally(tmp_path):
    data = write_davis(tmp_path)
    names = ("jf_mean", "objects", "j_mean")
    rows = [
        Row(name, name, dict(zip(names, values, strict=True)))
        for name, values in (("bear", (0.9, 1, 0.8)), ("swan", (0.1, 3, 0.4)))
    ]
    (table,) = make_davis(data, tmp_path).summary(rows)
    assert table.rows["all"] == pytest.approx({"jf_mean": 0.3, "objects": 4, "j_mean": 0.5})
    assert table.rows["swan"]["j_mean"] == 0.4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "resolution"), [({}, 480), ({"resolution": 96}, 96)], ids=["default", "flag"]
)
def test_command_defaults_to_resolution_480(tmp_path, capsys, options, resolution):
    data = write_davis(tmp_path / "data", sequences=("bear", "swan"), frames=3)
    truncate_file(annotation_path(data, "swan", 1))
    out = tmp_path / "out"
    assert main(["davis", "--data", str(data), "--out", str(out), *to_flags(**options)]) == 0
    run = json.loads((out / "run.json").read_text())
    assert run["settings"]["options"]["resolution"] == resolution
    assert list(run["tables"][0]["rows"]) == ["bear", "all"]
    printed = capsys.readouterr().out
    assert "failed: swan: " in printed
    assert "DINO ViT-S/16 (Caron et al., ICCV 2021, DAVIS 2017 val)" in printed
