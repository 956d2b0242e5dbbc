"""`scenerep batch`: many recordings, each exactly once."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys

import pytest
from recordings import color_image, write_image

from scenerep_ros.cli.batch import build_batch, format_table
from scenerep_ros.cli.batching import jobs as batch_jobs
from scenerep_ros.cli.batching.jobs import DONE, FAILED, KEPT, list_sources, process
from scenerep_ros.cli.batching.ray_jobs import RayOptions, process_on_ray
from scenerep_ros.cli.main import build_parser, main
from scenerep_ros.errors import ConfigError

TINY = ["--backbone", "vit_tiny_patch16_224", "--weights", "random", "--resolution", "64"]
TINY += ["--device", "cpu", "--precision", "fp32"]


@pytest.fixture
def fleet(tmp_path):
    """Folder of two recordings and a damaged one."""
    for name in ("a", "b"):
        for index in range(2):
            write_image(tmp_path / "fleet" / name / f"{index}.png", color_image(index, (64, 80)))
    (tmp_path / "fleet" / "broken.mp4").write_bytes(b"no video")
    return tmp_path / "fleet"


def parse(sources, out, *flags, task="segment"):
    argv = ["batch", task, *map(str, sources), "--out", str(out), *TINY, *flags]
    return build_parser(["batch"]).parse_args(argv)


def in_turn(jobs):
    """Process the jobs one after the other, in the order that a parallel run could have."""
    for job in reversed(jobs):
        yield process(job)


def run(args, execute=in_turn):
    return build_batch(args).process(list_sources(args.sources), execute)


def test_batch_processes_all_and_names_a_failed_recording(fleet, tmp_path):
    results = run(parse([fleet], tmp_path / "out"))
    assert [(result.name, result.state) for result in results] == [
        ("a", DONE),
        ("b", DONE),
        ("broken", FAILED),
    ]
    assert "broken.mp4" in results[2].reason
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        *("a", "b", "batch.csv", "batch.json", "logs")
    ]
    assert json.loads((tmp_path / "out" / "a" / "report.json").read_text())["fps"] > 0
    assert "2 in, 2 segmented" in (tmp_path / "out" / "logs" / "a.log").read_text()


def test_batch_tables_hold_the_same_rows(fleet, tmp_path):
    results = run(parse([fleet], tmp_path / "out"))
    rows = json.loads((tmp_path / "out" / "batch.json").read_text())["recordings"]
    with (tmp_path / "out" / "batch.csv").open() as file:
        table = list(csv.DictReader(file))
    assert [row["reason"] for row in table] == [row["reason"] for row in rows]
    assert [int(row["frames"]) for row in table] == [2, 2, 0]
    text = format_table(results)
    assert text.splitlines()[-1] == "3 recordings: 2 done, 0 complete before, 1 failed"
    assert results[2].reason in text


def test_batch_continues_with_what_is_not_complete(fleet, tmp_path):
    def stop_after_first(jobs):
        yield process(jobs[0])
        (tmp_path / "out" / ".b.x").mkdir()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(parse([fleet], tmp_path / "out"), stop_after_first)
    assert not (tmp_path / "out" / ".b.x").exists()
    (tmp_path / "out" / ".b.x").mkdir()
    stamp = (tmp_path / "out" / "a" / "report.json").stat().st_mtime_ns
    processed = []

    def record(jobs):
        processed.extend(job.name for job in jobs)
        yield from in_turn(jobs)

    results = run(parse([fleet], tmp_path / "out"), record)
    assert processed == ["b", "broken"]
    assert [result.state for result in results] == [KEPT, DONE, FAILED]
    assert results[0].frames == 2
    assert (tmp_path / "out" / "a" / "report.json").stat().st_mtime_ns == stamp
    assert not (tmp_path / "out" / ".b.x").exists()


def test_batch_with_other_options_is_refused(fleet, tmp_path):
    run(parse([fleet / "a"], tmp_path / "out"))
    with pytest.raises(ConfigError, match=r"other settings \(options, max_frames\)"):
        run(parse([fleet / "a"], tmp_path / "out", "--max-frames", "1", "--no-track"))


def test_batch_keeps_names_when_recordings_are_added(fleet, tmp_path):
    run(parse([fleet / "a"], tmp_path / "out"))
    other = tmp_path / "other" / "a"
    write_image(other / "0.png", color_image(0, (64, 80)))
    results = run(parse([other, fleet / "a"], tmp_path / "out"))
    assert [(result.name, result.state) for result in results] == [("a_2", DONE), ("a", KEPT)]


def test_batch_survives_a_programming_error(fleet, tmp_path, monkeypatch):
    monkeypatch.setitem(batch_jobs.TASKS, "segment", lambda _: [][0])
    (result,) = run(parse([fleet / "a"], tmp_path / "out"))
    assert result.state == FAILED
    assert "IndexError" in result.reason
    assert "Traceback" in (tmp_path / "out" / "logs" / "a.log").read_text()


@pytest.mark.slow
def test_batch_maps_recordings(tabletop_folder, tmp_path):
    args = parse([tabletop_folder], tmp_path / "out", "--max-frames", "3", task="map")
    (result,) = run(args)
    assert (result.state, result.frames) == (DONE, 3), result.reason
    assert run(args)[0].state == KEPT


def test_list_file_names_recordings_relative_to_itself(fleet, tmp_path):
    listed = fleet.parent / "fleet.txt"
    listed.write_text("# rooms\n\nfleet/b\nfleet/a\nfleet/b\n")
    assert list_sources([str(listed)]) == [str(fleet / "b"), str(fleet / "a")]


@pytest.mark.parametrize(
    ("folder", "name"), [("b", "."), ("b/x", ".."), ("a", "../b"), ("b/x", "../../b/.")]
)
def test_relative_recording_is_named_after_its_folder(fleet, monkeypatch, folder, name):
    (fleet / "b" / "x").mkdir()
    monkeypatch.chdir(fleet / folder)
    assert list_sources([name]) == [str(fleet / "b")]


def test_batch_of_a_parent_folder_writes_into_its_own(fleet, tmp_path, monkeypatch):
    (fleet / "b" / "x").mkdir()
    monkeypatch.chdir(fleet / "b" / "x")
    (result,) = run(parse([".."], tmp_path / "results" / "out"))
    assert (result.name, result.state) == ("b", DONE)
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == ["out"]


def test_list_that_names_itself_is_refused(tmp_path):
    (tmp_path / "fleet.txt").write_text("more.txt\n")
    (tmp_path / "more.txt").write_text("fleet.txt\n")
    with pytest.raises(ConfigError, match=r"fleet\.txt: names itself"):
        list_sources([str(tmp_path / "fleet.txt")])


def test_batch_processes_a_recording_whose_name_is_not_utf8(tmp_path, capsys):
    recording = tmp_path / os.fsdecode(b"caf\xe9")
    write_image(tmp_path / "0.png", color_image(0, (64, 80)))
    recording.mkdir()
    (tmp_path / "0.png").rename(recording / "0.png")
    (tmp_path / "fleet.txt").write_bytes(b"caf\xe9\n")
    (result,) = run(parse([tmp_path / "fleet.txt"], tmp_path / "out"))
    assert result.state == DONE, result.reason
    assert "caf\\udce9" in (tmp_path / "out" / "batch.csv").read_text()
    assert main(["segment", str(recording), "--out", str(recording / "out"), *TINY]) == 0
    assert "caf\\udce9/out" in capsys.readouterr().out


def test_missing_recording_is_left_to_its_worker(tmp_path):
    assert list_sources([str(tmp_path / "none")]) == [str(tmp_path / "none")]


def test_empty_list_is_refused(tmp_path):
    (tmp_path / "fleet.txt").write_text("# nothing\n")
    with pytest.raises(ConfigError, match="names no recording"):
        list_sources([str(tmp_path / "fleet.txt")])


def test_recordings_of_a_bucket_are_copied_and_processed(fleet, tmp_path):
    pytest.importorskip("fsspec", reason="the extra `batch` is not installed")
    (fleet / "notes.md").write_text("no recording")
    url = f"file://{fleet}"
    assert list_sources([url]) == [f"{url}/{name}" for name in ("a", "b", "broken.mp4")]
    states = {result.name: result.state for result in run(parse([url], tmp_path / "out"))}
    assert states == {"a": DONE, "b": DONE, "broken": FAILED}


def test_address_of_unknown_kind_is_refused():
    pytest.importorskip("fsspec", reason="the extra `batch` is not installed")
    with pytest.raises(ConfigError, match="floppy"):
        list_sources(["floppy://disk/fleet"])


def test_batch_without_ray_says_what_to_install(fleet, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main(["batch", "segment", str(fleet), "--out", str(tmp_path / "out"), *TINY]) == 1
    assert "pip install 'scenerep_ros[batch]'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


class RayWithoutGpus:
    """Stands for Ray, which needs longer to start than the test may take."""

    def __init__(self, start_error=None):
        self.start_error = start_error
        self.is_running = False

    def init(self, **options):
        if self.start_error is not None:
            raise self.start_error
        self.is_running, self.cpus = True, options["num_cpus"]

    def cluster_resources(self):
        return {"CPU": float(self.cpus)}

    def shutdown(self):
        self.is_running = False


@pytest.mark.parametrize(
    ("ray", "message"),
    [
        (RayWithoutGpus(), "--gpus 0.5: this machine has 0; leave --gpus out"),
        (RayWithoutGpus(Exception("node timed out")), "Ray cannot be reached: node timed out"),
    ],
)
def test_batch_that_ray_would_never_start_is_refused(monkeypatch, ray, message):
    monkeypatch.setitem(sys.modules, "ray", ray)
    with pytest.raises(ConfigError, match=message):
        next(process_on_ray([], RayOptions(gpus=0.5)))
    assert not ray.is_running


@pytest.mark.parametrize("flag", ["--cpus", "--gpus"])
def test_batch_with_invalid_share_is_refused(tmp_path, flag, capsys):
    with pytest.raises(SystemExit):
        main(["batch", "segment", "x", "--out", str(tmp_path), flag, "-1"])
    assert flag in capsys.readouterr().err


@pytest.mark.slow
def test_batch_on_ray_ends_with_a_table_and_code(fleet, tmp_path):
    pytest.importorskip("ray", reason="the extra `batch` is not installed")
    argv = ["batch", "segment", str(fleet / "a"), str(fleet / "broken.mp4"), *TINY]
    command = [sys.executable, "-m", "scenerep_ros.cli.main", *argv, "--out", str(tmp_path / "out")]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "2 recordings: 1 done, 0 complete before, 1 failed" in done.stdout
    assert "broken.mp4" in done.stderr
    assert (tmp_path / "out" / "a" / "report.json").is_file()
