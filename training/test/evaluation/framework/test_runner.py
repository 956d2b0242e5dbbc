"""A run can be interrupted at any moment and resumes with the same result."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from scenerep_training.evaluation.framework.protocol import Protocol
from scenerep_training.evaluation.framework.runner import (
    PICTURE_WIDTH_PX,
    read_failures,
    read_rows,
    run_protocol,
)
from slow_run import Slow

from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import ConfigError, FrameError, SourceError

SCRIPT = Path(__file__).parents[2] / "helpers" / "slow_run.py"
SETTINGS = {"seed": 0, "command": "first"}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """Folder of a run that was never interrupted."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    run_protocol(Slow(0), folder, {"seed": 0})
    return folder


def folder_content(folder):
    """Read all files of a run by their names."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))
    return {name: (folder / name).read_bytes() for name in names}


def count_lines(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_run_writes_rows_failures_and_pictures(uninterrupted):
    rows = read_rows(uninterrupted)
    assert len(rows) == 19
    assert [rows[0].name, rows[0].group] == ["even/00", "even"]
    assert [row.name for row in rows if np.isnan(row.metrics["number"])] == ["even/04"]
    assert read_failures(uninterrupted) == [("odd/03", "odd/03: is damaged")]
    picture = cv2.imread(str(uninterrupted / "pictures" / "odd__09.jpg"))
    assert picture.shape == (720, PICTURE_WIDTH_PX, 3)
    assert abs(picture.mean() - 9) < 2


def test_run_json_is_strict_and_means_ignore_undefined_metrics(uninterrupted):
    def reject_constant(name):
        raise AssertionError(f"{name} is no JSON")

    run = json.loads((uninterrupted / "run.json").read_text(), parse_constant=reject_constant)
    assert run["samples"] == 20
    assert run["failures"] == [{"name": "odd/03", "reason": "odd/03: is damaged"}]
    rows = run["tables"][0]["rows"]
    assert rows["even"]["number"] == pytest.approx(np.mean([0, 2, 6, 8, 10, 12, 14, 16, 18]) / 7)
    defined = [number for number in range(20) if number not in (3, 4)]
    assert rows["all"]["number"] == pytest.approx(np.mean(defined) / 7)


@pytest.mark.slow
def test_killed_run_resumes_to_same_content(uninterrupted, tmp_path):
    process = subprocess.Popen(
        [sys.executable, SCRIPT, tmp_path, "0.05"], stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while count_lines(tmp_path / "rows.jsonl") < 8 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    half = len(read_rows(tmp_path))
    assert 8 <= half < 19
    assert not (tmp_path / "run.json").exists()
    resumed = Slow(0)
    run_protocol(resumed, tmp_path, {"seed": 0})
    assert len(resumed.measured) == 20 - half - 1
    assert folder_content(tmp_path) == folder_content(uninterrupted)


@pytest.mark.parametrize("journal", ["rows.jsonl", "failures.jsonl"])
@pytest.mark.parametrize("cut", [1, 2, 17])
def test_truncated_line_is_measured_again(uninterrupted, tmp_path, journal, cut):
    run_protocol(Slow(0), tmp_path, {"seed": 0}, limit=10)
    path = tmp_path / journal
    path.write_bytes(path.read_bytes()[:-cut])
    resumed = Slow(0)
    run_protocol(resumed, tmp_path, {"seed": 0})
    assert len(resumed.measured) == 11
    assert folder_content(tmp_path) == folder_content(uninterrupted)


def test_damaged_line_is_measured_again_with_later_ones(uninterrupted, tmp_path):
    run_protocol(Slow(0), tmp_path, {"seed": 0})
    path = tmp_path / "rows.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:5], b"\0" * 40 + b"\n", *lines[6:]]))
    run_protocol(Slow(0), tmp_path, {"seed": 0})
    assert folder_content(tmp_path) == folder_content(uninterrupted)


def test_finished_run_measures_no_sample_again(tmp_path):
    run_protocol(Slow(0), tmp_path, SETTINGS)
    repeated = Slow(0)
    run_protocol(repeated, tmp_path, SETTINGS | {"command": "second"})
    assert repeated.measured == []


def test_folder_of_other_settings_is_rejected_with_their_names(tmp_path):
    run_protocol(Slow(0), tmp_path, SETTINGS, limit=1)
    with pytest.raises(ConfigError, match=r"other settings \(seed, machine; see"):
        run_protocol(Slow(0), tmp_path, {"seed": 1, "machine": "new", "command": "first"})


def test_limit_can_be_raised_and_lowered(tmp_path):
    assert run_protocol(Slow(0), tmp_path, SETTINGS, limit=2)["samples"] == 2
    more = Slow(0)
    assert run_protocol(more, tmp_path, SETTINGS, limit=5)["samples"] == 5
    assert len(more.measured) == 3
    assert run_protocol(Slow(0), tmp_path, SETTINGS, limit=2)["tables"][0]["rows"]["all"] == {
        "number": pytest.approx(0.5 / 7)
    }


class Unreadable(Protocol):
    name = "unreadable"
    headline = ("none",)

    def samples(self):
        return ["a", "b"]

    def evaluate(self, sample):
        raise FrameError(f"{sample}: is gone")


def test_run_without_readable_sample_raises_source_error(tmp_path):
    with pytest.raises(SourceError, match="none of 2 samples was measured: a: is gone"):
        run_protocol(Unreadable(Path("data"), PipelineConfig()), tmp_path, SETTINGS)
