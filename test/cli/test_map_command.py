"""`scenerep map`: maps of recordings, and their comparison."""

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import cv2
import numpy as np
import pytest
from recordings import write_rgbd

from scenerep_ros.cli.main import main
from scenerep_ros.mapping.map_files import read_map, write_map
from scenerep_ros.mapping.views.map_views import MapViews

FAST = ["--backbone", "vit_tiny_patch16_224", "--weights", "random", "--device", "cpu"]
FAST += ["--precision", "fp32", "--resolution", "96"]


@pytest.fixture(scope="module")
def map_folder(tmp_path_factory, tabletop_folder):
    folder = tmp_path_factory.mktemp("maps") / "first"
    arguments = [str(tabletop_folder), "--out", str(folder), "--max-frames", "6"]
    assert main(["map", *arguments, *FAST]) == 0
    return folder


def test_map_command_writes_all_files(map_folder):
    names = {path.name for path in map_folder.parent.rglob("*") if path.is_file()}
    assert names == {
        "cloud.ply",
        "objects.json",
        "features.safetensors",
        "views.safetensors",
        "trajectory.txt",
        "recording.json",
        "top_view.png",
        "turntable.mp4",
    }
    snapshot = read_map(map_folder)
    assert len(snapshot.objects) >= 3
    assert len(snapshot.poses) == 6
    assert int(cv2.VideoCapture(str(map_folder / "turntable.mp4")).get(7)) == 150


def test_map_command_compares_a_map_with_itself(map_folder, tmp_path, capsys):
    maps = [str(map_folder), str(map_folder)]
    assert main(["map", "--diff", *maps, "--out", str(tmp_path)]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("no changes; ")
    assert "100 percent of that is unchanged" in captured.out
    assert not captured.err
    assert json.loads((tmp_path / "difference.json").read_text())["added"] == []
    image = cv2.imread(str(tmp_path / "difference.png"))
    assert image.shape in ((720, 1920, 3), (960, 1440, 3))


def test_map_command_draws_a_saved_map(map_folder, tmp_path, capsys):
    """A map that the node has saved has no pictures."""
    saved = tmp_path / "saved"
    shutil.copytree(map_folder, saved, ignore=shutil.ignore_patterns("*.png", "*.mp4", "rec*"))
    assert main(["map", "--draw", str(saved)]) == 0
    assert (saved / "top_view.png").read_bytes() == (map_folder / "top_view.png").read_bytes()
    assert (saved / "turntable.mp4").is_file()
    assert f"written to {saved / 'top_view.png'}" in capsys.readouterr().out


def test_map_command_keeps_files_of_others_beside_a_map(map_folder, tmp_path, capsys):
    folder = tmp_path / "map"
    shutil.copytree(map_folder, folder)
    (folder / "notes.txt").write_text("mine")
    assert main(["map", "recording", "--out", str(folder), *FAST]) == 1
    capsys.readouterr()
    assert (folder / "notes.txt").read_text() == "mine"


def test_map_command_warns_of_maps_of_different_places(map_folder, tmp_path, capsys):
    moved = tmp_path / "moved"
    snapshot = read_map(map_folder)
    shift = np.zeros((4, 4))
    shift[:3, 3] = 50.0
    views = [replace(view, pose=view.pose + shift) for view in snapshot.views.views]
    moved.mkdir()
    points = replace(snapshot.points, positions=snapshot.points.positions + np.float32(50))
    write_map(replace(snapshot, points=points, views=MapViews(views)), moved)
    assert main(["map", "--diff", str(map_folder), str(moved)]) == 0
    assert "warning: the maps have no surface in common" in capsys.readouterr().err


def test_map_command_without_poses_names_what_is_missing(tmp_path, capsys):
    source = write_rgbd(tmp_path / "views")
    arguments = [str(source), "--out", str(tmp_path / "map"), "--map.poses", "recorded", *FAST]
    assert main(["map", *arguments]) == 1
    assert "3 no pose" in capsys.readouterr().err
    assert not (tmp_path / "map").exists()


def test_map_command_without_poses_and_open3d_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "open3d", None)
    source = write_rgbd(tmp_path / "views")
    assert main(["map", str(source), "--out", str(tmp_path / "map"), *FAST]) == 1
    assert "pip install 'scenerep_ros[map]'" in capsys.readouterr().err


def test_map_command_estimates_poses_of_a_recording_without_any(tmp_path, tabletop_folder, capsys):
    pytest.importorskip("open3d", reason="the extra `map` is not installed")
    source = tmp_path / "recording"
    shutil.copytree(tabletop_folder, source, ignore=shutil.ignore_patterns("groundtruth.txt"))
    out = tmp_path / "map"
    assert main(["map", str(source), "--out", str(out), "--max-frames", "4", *FAST]) == 0
    assert "lost 0 times for 0 of 4 frames" in capsys.readouterr().out
    assert len(read_map(out).poses) == 4


def test_map_command_does_not_replace_a_folder_of_other_files(tmp_path, tabletop_folder, capsys):
    (tmp_path / "notes.txt").write_text("mine")
    assert main(["map", str(tabletop_folder), "--out", str(tmp_path), *FAST]) == 1
    assert "it holds other files" in capsys.readouterr().err
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_map_command_of_a_recording_without_depth_says_so(tmp_path, tabletop_folder, capsys):
    source = tmp_path / "images"
    shutil.copytree(tabletop_folder / "rgb", source)
    arguments = [str(source), "--out", str(tmp_path / "map"), "--map.poses", "recorded", *FAST]
    assert main(["map", *arguments]) == 1
    assert "no depth); a map needs depth" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("arguments", [[], ["recording"], ["--out", "x"]])
def test_map_command_without_its_arguments_states_them(arguments, capsys):
    assert main(["map", *arguments]) == 1
    assert "name a recording and --out DIR" in capsys.readouterr().err


def test_map_command_of_an_unknown_map_names_it(tmp_path, capsys):
    assert main(["map", "--diff", str(tmp_path), str(tmp_path)]) == 1
    assert f"map {tmp_path}: not found" in capsys.readouterr().err


def test_map_command_stops_after_max_frames(map_folder):
    stamps = read_map(map_folder).stamps_ns
    np.testing.assert_array_equal(np.sort(stamps), stamps)


def test_map_command_killed_leaves_no_map(tmp_path, tabletop_folder):
    out = tmp_path / "map"
    arguments = ["map", str(tabletop_folder), "--out", str(out), *FAST]
    command = [sys.executable, "-m", "scenerep_ros.cli.main", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not list(tmp_path.glob(".map.*/new")):
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not out.exists()
    assert main([*arguments, "--max-frames", "1"]) == 0
    assert list(tmp_path.iterdir()) == [out]
    read_map(out)
