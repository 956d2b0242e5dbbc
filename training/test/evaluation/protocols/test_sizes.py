"""The protocol `sizes`: recall of objects by size and distance."""

from __future__ import annotations

import json

import numpy as np
import pytest
from layouts import HEIGHT, WIDTH, square_mask, write_scene
from scenerep_training.evaluation.protocols.sizes import Sizes, recall_by_size
from untrained import untrained_config

from scenerep_ros.errors import SourceError
from scenerep_ros.frames import UNLABELLED

ENTRIES = {
    1: {"name": "cube", "size": [0.04, 0.04, 0.04]},
    2: {"name": "slab", "size": [0.12, 0.08, 0.005]},
}


def write_sizes(folder):
    """Write a recording of a box, whose label file holds 3 for the object 2."""
    labels = square_mask(3, dtype=np.uint8)
    labels[labels == 0] = 1
    write_scene(folder, "0000", labels)
    entries = {str(label + 1): entry for label, entry in ENTRIES.items()}
    (folder / "objects.json").write_text(json.dumps(entries))


def two_squares():
    return square_mask(1, left=2, side=20) + square_mask(2, left=34, side=20)


def test_recall_counts_segments_above_half_iou():
    truth = two_squares()
    predicted = np.where(truth == 1, 7, 0)
    predicted[12:21, 34:54] = 8  # 9 of the 20 rows of the second square
    metrics = recall_by_size(predicted, truth, ENTRIES)
    assert metrics == {
        "found": 0.5,
        "objects": 2,
        "predicted": 2,
        "cube_40mm": 1,
        "slab_5mm": 0,
    }


def test_recall_leaves_out_ignored_and_unlabelled_pixels():
    truth = two_squares().astype(np.uint16)
    predicted = np.where(truth == 1, 7, UNLABELLED)
    truth[truth == 2] = UNLABELLED
    metrics = recall_by_size(predicted, truth, ENTRIES)
    assert (metrics["objects"], metrics["predicted"], metrics["cube_40mm"]) == (1, 1, 1)


def test_recall_without_true_object_is_undefined():
    metrics = recall_by_size(*np.zeros((2, HEIGHT, WIDTH), np.uint16), {})
    assert np.isnan(metrics["found"])


def test_sizes_groups_recordings_by_distance_with_ordered_columns(tmp_path):
    for folder in ("seed1/1.0_m", "seed2/1.0_m", "seed2/2.0_m"):
        write_sizes(tmp_path / folder)
    protocol = Sizes(tmp_path, untrained_config(96))
    samples = protocol.samples()
    assert samples == ["seed1/1.0_m/0000", "seed2/1.0_m/0000", "seed2/2.0_m/0000"]
    assert [protocol.group(name) for name in samples] == ["1.0_m", "1.0_m", "2.0_m"]
    assert protocol.evaluate(samples[0]).metrics["objects"] == 1


def test_sizes_without_object_sizes_explains_what_to_do(tmp_path):
    with pytest.raises(SourceError, match="scenerep-render sizes"):
        Sizes(tmp_path, untrained_config(96))
