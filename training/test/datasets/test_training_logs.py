"""Tests of the curves of training logs."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scenerep_training.datasets.training_logs import list_logs, read_curves

from scenerep_ros.errors import FrameError, SourceError


def test_read_curves_of_csv_ignores_prefixes_and_empty_cells(tmp_path):
    log = tmp_path / "metrics.csv"
    log.write_text("epoch,step,train/kl,train/teacher_entropy,note\n0,9,0.5,,x\n0,3,0.25,4,y\n")
    curves = read_curves(log)
    assert list(curves) == ["teacher_entropy", "kl"]
    np.testing.assert_array_equal(curves["kl"], [[3, 0.25], [9, 0.5]])
    np.testing.assert_array_equal(curves["teacher_entropy"], [[3, 4]])


def test_read_curves_of_jsonl_without_steps_counts_entries(tmp_path):
    log = tmp_path / "log.jsonl"
    entries = [{"kl": 1}, {"kl": float("nan")}, {"kl": None}, {"kl": 2.5, "feature_std": 0.1}]
    log.write_text("\n".join(json.dumps(entry) for entry in entries))
    curves = read_curves(log)
    np.testing.assert_array_equal(curves["kl"], [[0, 1], [3, 2.5]])
    np.testing.assert_array_equal(curves["feature_std"], [[3, 0.1]])


def test_read_curves_of_tensorboard_events(tmp_path):
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(tmp_path / "run")
    for step in (10, 20):
        writer.add_scalar("train/kl", step / 100, step)
    writer.close()
    assert list_logs(tmp_path) == {"run": tmp_path / "run"}
    assert list_logs(tmp_path / "run") == {"run": tmp_path / "run"}
    np.testing.assert_allclose(read_curves(tmp_path / "run")["kl"], [[10, 0.1], [20, 0.2]])


def test_list_logs_of_folder_uses_relative_paths(tmp_path):
    for name in ("b/metrics.csv", "a.jsonl", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert list(list_logs(tmp_path)) == ["a.jsonl", "b/metrics.csv"]
    assert list_logs(tmp_path / "a.jsonl") == {"a.jsonl": tmp_path / "a.jsonl"}


def test_list_logs_of_folder_without_log_raises(tmp_path):
    with pytest.raises(SourceError, match=f"{tmp_path}: holds no training log"):
        list_logs(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("log.jsonl", b'{"kl": 1', "cannot be read"),
        ("log.jsonl", b"[1]", "no JSON object"),
        ("log.csv", b"\xff\xfe\x00", "cannot be read"),
        ("log.csv", b"step,loss\n1,2\n", "has none of the columns teacher_entropy"),
        ("log.csv", b"", "has none of the columns"),
        ("log.csv", None, "cannot be read"),
    ],
)
def test_read_curves_of_invalid_log_raises_with_file_name(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(FrameError, match=message) as error:
        read_curves(tmp_path / name)
    assert str(tmp_path / name) in str(error.value)
