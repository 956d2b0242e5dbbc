from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from layouts import damage, picture, write_davis
from scenerep_training.cli.evaluate import main
from scenerep_training.datasets.davis import read_ids
from scenerep_training.evaluation.framework.protocol import Row
from scenerep_training.evaluation.label_propagation.propagation import (
    LabelPropagation,
    scores_to_labels,
    labels_to_grid,
)
from scenerep_training.evaluation.metrics.masks import mask_iou
from scenerep_training.evaluation.metrics.video_objects import contour_f, sequence_statistics
from scenerep_training.evaluation.protocols.davis import Davis

from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import FrameError
from scenerep_ros.filesystem.atomic import write_image

TINY = {
    "backbone": "vit_tiny_patch16_224",
    "weights": "random",
    "device": "cpu",
    "precision": "fp32",
    "resolution": 192,
}


def davis(data, folder, **options):
    torch.manual_seed(0)
    protocol = Davis(data, PipelineConfig(**TINY), **options)
    protocol.folder = folder
    return protocol


def write_two_objects(folder, frames=5):
    """Object 1 moves to the right; object 2 stands still and is gone from frame 3 on."""
    for index in range(frames):
        ids = np.zeros((48, 64), np.uint8)
        ids[4:20, 4 + 4 * index : 24 + 4 * index] = 1
        if index < 3:
            ids[28:44, 20:44] = 2
        write_image(folder / "JPEGImages" / "480p" / "two" / f"{index:05d}.png", picture(ids))
        write_image(folder / "Annotations" / "480p" / "two" / f"{index:05d}.png", ids)
    return folder


def test_figures_are_those_of_the_masks_that_it_leaves(tmp_path):
    data = write_two_objects(tmp_path / "data")
    figures = davis(data, tmp_path / "run").evaluate("two").figures
    j, f = np.zeros((2, 2, 3))
    for frame in (1, 2, 3):  # the first and the last do not count
        found = read_ids(tmp_path / "run" / "masks" / "two" / f"{frame:05d}.png")
        truth = read_ids(data / "Annotations" / "480p" / "two" / f"{frame:05d}.png")
        for label in (1, 2):
            j[label - 1, frame - 1] = mask_iou(found == label, truth == label)
            f[label - 1, frame - 1] = contour_f(found == label, truth == label)
    assert figures["objects"] == 2
    assert figures["j_mean"] == pytest.approx(j.mean())
    assert figures["f_mean"] == pytest.approx(f.mean())
    assert figures["jf_mean"] == pytest.approx((j.mean() + f.mean()) / 2)
    decays = [sequence_statistics(values).decay for values in j]
    assert figures["j_decay"] == pytest.approx(np.mean(decays))


@pytest.mark.parametrize("propagation", ["online", "dino"])
def test_the_mask_follows_its_object(tmp_path, propagation):
    data = write_davis(tmp_path / "data", sequences=("bear",), frames=6)
    protocol = davis(data, tmp_path / "run", propagation=propagation)
    result = protocol.evaluate("bear")
    assert result.figures["j_mean"] > 0.7
    still = [mask_iou(frame(data, 0), frame(data, index)) for index in range(1, 5)]
    assert result.figures["j_mean"] > np.mean(still) + 0.05
    assert result.picture.shape == (48, 3 * 64 + 2 * 8, 3)


def frame(data, index):
    return read_ids(data / "Annotations" / "480p" / "bear" / f"{index:05d}.png") == 1


def test_published_figures_of_dino_need_its_own_propagation(tmp_path):
    data = write_two_objects(tmp_path / "data")
    protocol = davis(data, tmp_path / "run", propagation="dino")
    protocol.evaluate("two")
    first, second = (picture(read_ids(truth(data, index))) for index in (0, 1))
    grids = [protocol.backbone(color, TINY["resolution"]).grid for color in (first, second)]
    labels = read_ids(truth(data, 0))
    carry = LabelPropagation(grids[0], labels_to_grid(labels, grids[0]))
    kept = read_ids(tmp_path / "run" / "masks" / "two" / "00001.png")
    np.testing.assert_array_equal(kept, scores_to_labels(carry(grids[1]), labels.shape))


def truth(data, index):
    return data / "Annotations" / "480p" / "two" / f"{index:05d}.png"


def test_the_first_mask_is_given(tmp_path):
    data = write_davis(tmp_path / "data", sequences=("bear",), frames=3)
    davis(data, tmp_path / "run").evaluate("bear")
    kept = read_ids(tmp_path / "run" / "masks" / "bear" / "00000.png")
    np.testing.assert_array_equal(kept == 1, frame(data, 0))


def test_frames_cuts_sequences_short(tmp_path):
    data = write_davis(tmp_path / "data", sequences=("bear",), frames=6)
    davis(data, tmp_path / "run", frames=4).evaluate("bear")
    assert len(list((tmp_path / "run" / "masks" / "bear").iterdir())) == 4


@pytest.mark.parametrize("frames", [1, 2])
def test_a_sequence_without_a_frame_that_counts_is_refused(tmp_path, frames):
    data = write_davis(tmp_path / "data", sequences=("bear",), frames=frames)
    with pytest.raises(FrameError, match="too few"):
        davis(data, tmp_path).evaluate("bear")


def test_a_sequence_without_object_is_refused(tmp_path):
    data = write_davis(tmp_path / "data", sequences=("bear",), frames=3)
    empty = np.zeros((48, 64), np.uint8)
    write_image(data / "Annotations" / "480p" / "bear" / "00000.png", empty)
    with pytest.raises(FrameError, match="first annotation of bear is empty"):
        davis(data, tmp_path).evaluate("bear")


def test_labels_come_to_the_grid_at_the_cells_centres():
    labels = np.arange(16, dtype=np.uint16).reshape(4, 4)
    cells = labels_to_grid(labels, torch.zeros(2, 2, 1))
    assert cells.argmax(-1).tolist() == [[5, 7], [13, 15]]
    assert cells.sum(-1).tolist() == [[1, 1], [1, 1]]


def test_each_label_s_scores_are_stretched_before_the_best_wins():
    """A label that is nowhere sure still wins where it is surest."""
    scores = torch.tensor([[[0.9, 0.1], [0.6, 0.4]]])
    assert scores_to_labels(scores, (1, 2)).tolist() == [[0, 1]]


def test_a_label_that_is_nowhere_wins_nothing():
    scores = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    assert scores_to_labels(scores, (1, 2)).tolist() == [[0, 1]]


def test_every_object_counts_the_same(tmp_path):
    data = write_davis(tmp_path)
    names = ("jf_mean", "objects", "j_mean")
    rows = [
        Row(name, name, dict(zip(names, values, strict=True)))
        for name, values in (("bear", (0.9, 1, 0.8)), ("swan", (0.1, 3, 0.4)))
    ]
    (table,) = davis(data, tmp_path).summary(rows)
    assert table.rows["all"] == pytest.approx({"jf_mean": 0.3, "objects": 4, "j_mean": 0.5})
    assert table.rows["swan"]["j_mean"] == 0.4


def test_from_the_command_line_the_shorter_side_is_480_unless_named(tmp_path, capsys):
    data = write_davis(tmp_path / "data", sequences=("bear", "swan"), frames=3)
    damage(data / "Annotations" / "480p" / "swan" / "00001.png")
    flags = ["--backbone", "vit_tiny_patch16_224", "--weights", "random", "--device", "cpu"]
    for extra, resolution in (([], 480), (["--resolution", "96"], 96)):
        out = tmp_path / str(resolution)
        assert main(["davis", "--data", str(data), "--out", str(out), *flags, *extra]) == 0
        run = json.loads((out / "run.json").read_text())
        assert run["settings"]["options"]["resolution"] == resolution
        assert list(run["tables"][0]["rows"]) == ["bear", "all"]
    printed = capsys.readouterr().out
    assert "failed: swan: " in printed
    assert "DINO ViT-S/16 (Caron et al., ICCV 2021, DAVIS 2017 val)" in printed
