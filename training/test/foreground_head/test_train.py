"""Training of the foreground head."""

import numpy as np
import torch
from scenerep_training.foreground_head.train import Samples, fit_head, main

from scenerep_ros.frames import Features
from scenerep_ros.segmentation.rgb.foreground_head import ForegroundHead


def make_samples(scene, foreground):
    """Patches of 20 images: every other patch has the foreground's feature; all share the scene's."""
    is_foreground = (torch.arange(200) % 2).float()
    points = torch.eye(16)[(is_foreground * foreground).long()] + 2 * torch.eye(16)[scene]
    points = torch.nn.functional.normalize(points, dim=1)
    return Samples(points, is_foreground, points.unflatten(0, (20, 10)).mean(dim=1))


def test_fitted_head_separates_foreground_and_scenes():
    objects, rooms = make_samples(scene=8, foreground=3), make_samples(scene=9, foreground=4)
    state = fit_head(objects, rooms, steps=300)
    head = ForegroundHead(state["weight"].numpy(), state["bias"].numpy())
    for samples, is_room in ((objects, False), (rooms, True)):
        grid = samples.points.unflatten(0, (10, 20)).numpy()
        logits = head(Features(grid, np.zeros(16, np.float32)))
        assert logits.is_room is is_room
        logit = logits.furnishing if is_room else logits.salient
        np.testing.assert_array_equal((logit > 0).ravel(), samples.targets)


def test_missing_recording_fails_with_one_line(tmp_path, capsys):
    flags = ["--backbone", "test_vit", "--weights", "random", "--out", str(tmp_path / "head")]
    missing = str(tmp_path / "missing")
    assert main(["--objects", missing, "--rooms", missing, *flags]) == 1
    assert "missing" in capsys.readouterr().err
