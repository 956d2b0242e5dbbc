"""A run can be stopped at any moment and goes on where it was."""

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
    PICTURE_WIDTH,
    read_failures,
    read_rows,
    run_protocol,
)
from slow_run import Slow

from scenerep_ros.config.options import PipelineConfig
from scenerep_ros.errors import ConfigError, FrameError, SourceError

SCRIPT = Path(__file__).parents[2] / "helpers" / "slow_run.py"
SETTINGS = {"seed": 0, "command": "first"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Folder of a run that was never interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    run_protocol(Slow(0), folder, {"seed": 0})
    return folder


def content(folder):
    """What a run left, but for the times of its files."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))
    return {name: (folder / name).read_bytes() for name in names}


def lines(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_a_run_keeps_rows_failures_pictures_and_tables(whole):
    rows = read_rows(whole)
    assert len(rows) == 19
    assert [rows[0].name, rows[0].group] == ["even/00", "even"]
    assert [row.name for row in rows if np.isnan(row.figures["number"])] == ["even/04"]
    assert read_failures(whole) == [("odd/03", "odd/03: is damaged")]
    picture = cv2.imread(str(whole / "pictures" / "odd__09.jpg"))
    assert picture.shape == (720, PICTURE_WIDTH, 3)
    assert abs(picture.mean() - 9) < 2


def test_run_json_is_strict_and_its_means_leave_out_what_is_undefined(whole):
    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    run = json.loads((whole / "run.json").read_text(), parse_constant=refuse)
    assert run["samples"] == 20
    assert run["failures"] == [{"name": "odd/03", "reason": "odd/03: is damaged"}]
    rows = run["tables"][0]["rows"]
    assert rows["even"]["number"] == pytest.approx(np.mean([0, 2, 6, 8, 10, 12, 14, 16, 18]) / 7)
    everything = [number for number in range(20) if number not in (3, 4)]
    assert rows["all"]["number"] == pytest.approx(np.mean(everything) / 7)


def test_a_run_killed_half_way_and_resumed_is_as_one_never_interrupted(whole, tmp_path):
    process = subprocess.Popen(
        [sys.executable, SCRIPT, tmp_path, "0.05"], stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while lines(tmp_path / "rows.jsonl") < 8 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    half = len(read_rows(tmp_path))
    assert 8 <= half < 19
    assert not (tmp_path / "run.json").exists()
    resumed = Slow(0)
    run_protocol(resumed, tmp_path, {"seed": 0})
    assert len(resumed.measured) == 20 - half - 1
    assert content(tmp_path) == content(whole)


@pytest.mark.parametrize("journal", ["rows.jsonl", "failures.jsonl"])
@pytest.mark.parametrize("cut", [1, 2, 17])
def test_a_line_cut_short_is_measured_again_and_nothing_after_it_is_lost(
    whole, tmp_path, journal, cut
):
    run_protocol(Slow(0), tmp_path, {"seed": 0}, limit=10)
    path = tmp_path / journal
    path.write_bytes(path.read_bytes()[:-cut])
    resumed = Slow(0)
    run_protocol(resumed, tmp_path, {"seed": 0})
    assert len(resumed.measured) == 11
    assert content(tmp_path) == content(whole)


def test_damage_in_the_middle_costs_only_time(whole, tmp_path):
    run_protocol(Slow(0), tmp_path, {"seed": 0})
    path = tmp_path / "rows.jsonl"
    good = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*good[:5], b"\0" * 40 + b"\n", *good[6:]]))
    run_protocol(Slow(0), tmp_path, {"seed": 0})
    assert content(tmp_path) == content(whole)


def test_a_finished_run_measures_nothing_again(tmp_path):
    run_protocol(Slow(0), tmp_path, SETTINGS)
    again = Slow(0)
    run_protocol(again, tmp_path, SETTINGS | {"command": "second"})
    assert again.measured == []


def test_a_folder_of_another_run_is_refused_naming_what_differs(tmp_path):
    run_protocol(Slow(0), tmp_path, SETTINGS, limit=1)
    with pytest.raises(ConfigError, match=r"other settings \(seed, machine; see"):
        run_protocol(Slow(0), tmp_path, {"seed": 1, "machine": "new", "command": "first"})


def test_a_limit_can_be_raised(tmp_path):
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


def test_when_nothing_can_be_read_the_run_says_so(tmp_path):
    with pytest.raises(SourceError, match="none of 2 samples was measured: a: is gone"):
        run_protocol(Unreadable(Path("data"), PipelineConfig()), tmp_path, SETTINGS)
