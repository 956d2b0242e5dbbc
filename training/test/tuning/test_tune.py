"""Tests of `scenerep-train tune`: a codebook that is not worse, and that the runtime uses."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest
import torch
import yaml
from scenerep_training.agreement.samples import Sample
from scenerep_training.cli.train import main
from scenerep_training.evaluation.label_propagation.warping import NearestBackwardWarp
from scenerep_training.tuning.blocks import BLOCK_COUNT, divide
from scenerep_training.tuning.codebook import fit_codebook, fit_without_each, sample_points
from scenerep_training.tuning.gate import CodebookGate, CodebookVerdict, CriterionGain
from scenerep_training.tuning.plan import Costs, forecast_growth, without_unreadable_start
from scenerep_training.tuning.run import make_codebook
from torch.nn.functional import normalize

from scenerep_ros.backbones import load_backbone
from scenerep_ros.clustering.codebook import load_codebook
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.filesystem.share import sample_sequence
from scenerep_ros.frames import Features
from scenerep_ros.sources import open_source

pytestmark = pytest.mark.slow


def tune(folder, backbone, *flags):
    arguments = ["tune", "--data", str(sample_sequence()), "--output", str(folder)]
    return main([*arguments, "--backbone", backbone, "--weights", "random", *flags])


def test_tune_writes_checkpoint_with_judged_codebook(tmp_path, capsys):
    flags = ("--minutes", "0.1", "--device", "cpu", "--runtime", "torch")
    assert tune(tmp_path / "tuned", "test_resnet", *flags) == 0
    out = capsys.readouterr().out
    assert re.search(r"forecast: \d+ pairs for the gate .* in all; \d+\.\d GB of memory", out)
    assert "written to" in out
    config = PipelineConfig(weights=str(tmp_path / "tuned"), device="cpu", runtime="torch")
    network, codebook = load_backbone(config), load_codebook(config)
    assert network.name == "test_resnet"
    training = yaml.safe_load((tmp_path / "tuned" / "model.yaml").read_text())["training"]
    gains = training["codebook"]["gate"]
    assert set(gains) == {"5", "8"}
    is_any_better = any(
        re.search(r"motion .*interval \+.*masks .*interval \+", text) is not None
        for text in gains.values()
    )
    assert (codebook is not None) == is_any_better == ("without a codebook" not in out)


def test_tune_refuses_folder_of_checkpoint(tmp_path, capsys):
    (tmp_path / "model.yaml").write_text("")
    assert tune(tmp_path, "test_resnet") == 1
    assert "holds a checkpoint already" in capsys.readouterr().err


def test_costs_are_measured_from_the_first_readable_frame(tmp_path):
    for index in range(3):
        cv2.imwrite(str(tmp_path / f"{index}.png"), np.full((8, 8, 3), index, np.uint8))
    (tmp_path / "0.png").write_bytes(b"")
    source = without_unreadable_start(open_source(tmp_path))
    assert [source.frame_name(index) for index in range(len(source))] == ["1", "2"]


def test_codebook_of_separate_groups_is_stable():
    torch.manual_seed(0)
    groups = torch.eye(4).repeat_interleave(20, 0)
    frames = [normalize(groups + 0.01 * torch.randn(80, 4), dim=1) for _ in range(6)]
    centers, stability = fit_codebook(frames, clusters=4, seed=0)
    assert torch.cdist(torch.eye(4), centers).min(dim=1).values.max() < 0.1
    assert stability == pytest.approx(1.0)


def halves_sample(name):
    """Pair of frames whose reference object is the left half."""
    reference = np.zeros((48, 64), np.int32)
    reference[:, :32] = 1
    pixels = np.zeros((4, 4), np.intp)
    warp = NearestBackwardWarp(pixels, pixels, pixels > 0, False)
    color = np.zeros((48, 64, 3), np.uint8)
    return Sample(name, "room", (color, color), (reference, reference), warp)


def halves_backbone(_color, _resolution):
    """Backbone of a left and a right half, each of three kinds of patches."""
    kinds = torch.arange(6 * 8).reshape(6, 8) % 3
    is_left = (torch.arange(8) < 4).float().expand(6, 8)
    parts = torch.nn.functional.one_hot(kinds, 3).float()
    grid = torch.cat([is_left[..., None], 1 - is_left[..., None], 0.5 * parts], dim=-1)
    return Features(grid, grid.mean((0, 1)))


class FixedMasks:
    """Segmenter whose masks are given."""

    def __init__(self, labels):
        self.labels = labels

    def prepare(self, _context):
        return None

    def segment(self, _features, _prepared):
        return self


def image_of_left_half(value=1):
    labels = np.zeros((48, 64), np.uint16)
    labels[:, :32] = value
    return labels


def make_gate(masks):
    gate = CodebookGate(halves_backbone, FixedMasks(masks))
    for block in range(BLOCK_COUNT):
        gate.add(block, halves_sample(f"room/{block}"))
    return gate


def test_gate_accepts_codebook_of_the_objects_only():
    gate = make_gate(image_of_left_half())
    good, bad = (
        gate.judge([centers] * BLOCK_COUNT) for centers in (torch.eye(5)[:2], torch.eye(5)[2:])
    )
    assert good.lower_bound > 0.1
    assert good.is_accepted
    assert bad.lower_bound < 0
    assert not bad.is_accepted
    for gain in good.gains:
        assert gain.interval[0] <= gain.mean <= gain.interval[1]


def test_gate_refuses_codebook_that_one_criterion_rejects():
    kinds = (np.arange(64) // 8 + 8 * (np.arange(48) // 8)[:, None]) % 3
    gate = make_gate((kinds + 1).astype(np.uint16))
    verdict = gate.judge([torch.eye(5)[:2]] * BLOCK_COUNT)
    by_depth, by_masks = verdict.gains
    assert by_depth.mean > 0.1
    assert by_masks.mean < 0
    assert not verdict.is_accepted


def test_gate_refuses_gain_whose_interval_contains_zero():
    certain = CriterionGain(0.02, (0.01, 0.03))
    assert CodebookVerdict((certain, certain)).is_accepted
    assert not CodebookVerdict((certain, CriterionGain(0.02, (-0.01, 0.05)))).is_accepted
    assert not CodebookVerdict((certain, CriterionGain(0.02, (float("nan"),) * 2))).is_accepted


def test_gate_judges_each_block_by_its_own_codebook():
    gate = make_gate(image_of_left_half())
    codebooks = [torch.eye(5)[:2]] * (BLOCK_COUNT - 1)
    mixed = gate.judge([*codebooks, torch.eye(5)[2:]])
    assert mixed.lower_bound < gate.judge([*codebooks, torch.eye(5)[:2]]).lower_bound


def test_gate_without_color_masks_accepts_no_codebook():
    verdict = make_gate(image_of_left_half(value=0)).judge([torch.eye(5)[:2]] * BLOCK_COUNT)
    assert not verdict.is_accepted
    assert "by color masks no reference" in verdict.describe()


def test_gate_without_frames_accepts_no_codebook():
    gate = CodebookGate(halves_backbone, FixedMasks(image_of_left_half()))
    assert not gate.judge([torch.eye(5)[:2]] * BLOCK_COUNT).is_accepted


class GateOfGains:
    """Gate that knows the gain with each seed."""

    def __init__(self, *gains):
        self.gains = gains

    def judge(self, _codebooks, run):
        gain = CriterionGain(self.gains[run], (self.gains[run], 1.0))
        return CodebookVerdict((gain, gain))


def test_codebook_is_judged_by_its_least_favorable_seed():
    blocks = [[torch.rand(20, 3)] for _ in range(BLOCK_COUNT)]
    verdicts = [
        make_codebook(blocks, 2, GateOfGains(*gains), seed=0).verdict
        for gains in ((0.2, -0.1, 0.3), (0.2, 0.1, 0.3))
    ]
    assert [verdict.lower_bound for verdict in verdicts] == [-0.1, 0.1]
    assert [verdict.is_accepted for verdict in verdicts] == [False, True]


def test_codebook_without_a_block_ignores_its_frames():
    blocks = [[torch.eye(3)[[0, 1]].repeat(10, 1)] for _ in range(2)]
    blocks.append([torch.eye(3)[[2]].repeat(20, 1)])
    codebooks = fit_without_each(blocks, clusters=2, seed=0)
    assert codebooks[2][:, 2].abs().max() == pytest.approx(0.0, abs=1e-6)
    assert codebooks[0][:, 2].max() > 0.5


def test_blocks_cover_recordings_once_in_order():
    source = open_source(sample_sequence())
    sources = [source.part(0, 5), source.part(5, 12)]
    blocks = divide(sources, 3)
    names = [part.frame_name(i) for block in blocks for part in block for i in range(len(part))]
    assert names == [source.frame_name(i) for i in range(12)]
    assert [sum(map(len, block)) for block in blocks] == [4, 4, 4]


def test_forecast_of_memory_covers_what_is_kept():
    costs = Costs(pair_s=1.0, frame_s=1.0, patches=600, channels=384, pixels=80_000)
    frames = [torch.zeros(600, 384, dtype=torch.float16) for _ in range(40)]
    points = sample_points(frames, seed=0)
    judged = 6 * 2 * (torch.zeros(600, 384).nbytes + 2 * np.zeros(80_000, np.int32).nbytes)
    kept = sum(frame.nbytes for frame in frames) + judged
    growth = forecast_growth(costs, gate_pairs=6, frames=40)
    assert kept + 2 * points.nbytes < growth < kept + 6 * points.nbytes
