"""`scenerep segment`."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
from conftest import ROOT
from recordings import START, color_image, record, write_image

from scenerep_ros.cli.main import main
from scenerep_ros.frames import UNLABELLED

SMALL = ["--backbone", "vit_tiny_patch16_224", "--weights", "random", "--resolution", "128"]


@pytest.fixture(scope="module")
def results(tabletop_folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("results")
    argv = ["segment", str(tabletop_folder), "--out", str(out), "--max-frames", "4", *SMALL]
    assert main([*argv, "--method", "kmeans", "--clouds", "--attention", "--device", "cpu"]) == 0
    return out


@pytest.mark.slow
def test_segment_names_outputs_after_the_frames(results, tabletop_folder):
    names = sorted(path.stem for path in (tabletop_folder / "rgb").iterdir())[:4]
    for folder, suffix in (("labels", "png"), ("clouds", "ply"), ("attention", "png")):
        assert sorted(path.name for path in (results / folder).iterdir()) == [
            f"{name}.{suffix}" for name in names
        ]


def test_segment_labels_are_16_bit_images_with_objects(results):
    for path in (results / "labels").iterdir():
        labels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        assert labels.dtype == np.uint16
        assert labels.shape == (480, 640)
        assert set(np.unique(labels)) - {0, UNLABELLED}


def test_segment_overlay_video_has_all_frames(results):
    video = cv2.VideoCapture(str(results / "overlay.mp4"))
    frames = 0
    while video.read()[0]:
        frames += 1
    assert frames == 4


def test_segment_report_counts_every_frame(results):
    report = json.loads((results / "report.json").read_text())
    assert report["frames"] == {"published": 4, "received": 4, "segmented": 4, "dropped": 0}
    assert {"backbone", "segment", "track"} <= set(report["latency_ms"])
    assert report["objects_per_frame"] > 0
    assert report["device"] == "cpu"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--method", "kmean"], "did you mean kmeans"),
        (["--backbone", "vit_smal_patch14_dinov2"], "vit_small_patch14_dinov2"),
        (["--weights", "nowhere.safetensors"], "nowhere.safetensors"),
        (["--config", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_segment_with_invalid_option_prints_one_line_and_fails(
    tabletop_folder, tmp_path, capsys, argv, message
):
    assert main(["segment", str(tabletop_folder), "--out", str(tmp_path), *argv]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


@pytest.mark.parametrize("count", ["-1", "1.5", "some"])
def test_segment_with_invalid_frame_count_is_refused(tmp_path, capsys, count):
    with pytest.raises(SystemExit):
        main(["segment", "x", "--out", str(tmp_path), "--max-frames", count])
    assert "--max-frames" in capsys.readouterr().err


def segment(source, out, *argv):
    """Run the command; return its exit code and the names of the label files."""
    tiny = ["--backbone", "vit_tiny_patch16_224", "--weights", "random", "--resolution", "64"]
    code = main(["segment", str(source), "--out", str(out), "--device", "cpu", *tiny, *argv])
    return code, sorted(path.name for path in (out / "labels").glob("*"))


def report_of(out):
    return json.loads((out / "report.json").read_text())


def test_segment_zero_frames_means_all(tmp_path):
    for index in range(3):
        write_image(tmp_path / "in" / f"{index}.png", color_image(index, (64, 80)))
    assert segment(tmp_path / "in", tmp_path / "out", "--max-frames", "0")[0] == 0
    assert report_of(tmp_path / "out")["frames"]["segmented"] == 3


def test_segment_images_of_equal_stem_write_a_file_each(tmp_path):
    for index, name in enumerate(["x.jpg", "x.png", "X.png"]):
        write_image(tmp_path / "in" / name, color_image(index, (64, 80)))
    _, names = segment(tmp_path / "in", tmp_path / "out")
    assert len({name.casefold() for name in names}) == 3


def test_segment_counts_and_names_a_refused_image(tmp_path, caplog):
    for index, shape in enumerate([(64, 80), (3, 80), (64, 80)]):
        write_image(tmp_path / "in" / f"{index}.png", color_image(index, shape))
    code, names = segment(tmp_path / "in", tmp_path / "out")
    assert (code, names) == (0, ["0.png", "2.png"])
    report = report_of(tmp_path / "out")
    assert report["frames"] == {"published": 3, "received": 3, "segmented": 2, "dropped": 1}
    assert list(report["refused"]) == ["1"]
    assert "skipped frame 1" in caplog.text


def test_segment_without_any_segmented_frame_fails_with_reason(tmp_path, capsys):
    write_image(tmp_path / "in" / "0.png", color_image(0, (3, 80)))
    assert segment(tmp_path / "in", tmp_path / "out") == (1, [])
    assert "none of its 1 frames could be segmented; 0: " in capsys.readouterr().err
    assert not (tmp_path / "out" / "report.json").exists()


def test_segment_into_results_of_an_earlier_run_replaces_them(tmp_path):
    for index in range(2):
        write_image(tmp_path / "in" / f"{index}.png", color_image(index, (64, 80)))
    segment(tmp_path / "in", tmp_path / "out")
    assert segment(tmp_path / "in", tmp_path / "out", "--max-frames", "1") == (0, ["0.png"])


def test_segment_without_rerun_keeps_the_results_of_an_earlier_run(tmp_path, monkeypatch, capsys):
    write_image(tmp_path / "in" / "0.png", color_image(0, (64, 80)))
    segment(tmp_path / "in", tmp_path / "out")
    monkeypatch.setitem(sys.modules, "rerun", None)
    argv = ["--rerun", str(tmp_path / "scene.rrd")]
    assert segment(tmp_path / "in", tmp_path / "out", *argv) == (1, ["0.png"])
    assert "pip install 'scenerep_ros[rerun]'" in capsys.readouterr().err
    assert report_of(tmp_path / "out")["frames"]["segmented"] == 1


def test_segment_refuses_a_folder_of_other_labels(tmp_path, capsys):
    """The folder may be the recording itself, with labels of the user."""
    for name in ("in/0.png", "in/labels/0.png"):
        write_image(tmp_path / name, color_image(0, (64, 80)))
    assert segment(tmp_path / "in", tmp_path / "in")[0] == 1
    assert "holds labels/0.png and no report.json" in capsys.readouterr().err
    assert segment(tmp_path / "in", tmp_path / "in", "--overwrite")[0] == 0


def test_segment_of_several_recordings_writes_a_folder_each(tmp_path, caplog):
    write_image(tmp_path / "in" / "a" / "0.png", color_image(0, (64, 80)))
    write_image(tmp_path / "in" / "b" / "0.png", color_image(1, (64, 80)))
    (tmp_path / "in" / "c.bag").write_text("no bag")
    assert segment(tmp_path / "in", tmp_path / "out")[0] == 1
    assert report_of(tmp_path / "out" / "a")["frames"]["segmented"] == 1
    assert report_of(tmp_path / "out" / "b")["frames"]["segmented"] == 1
    assert "c.bag: cannot be read" in caplog.text


def write_slow_bag(path):
    """Write a bag at 5 Hz whose depth is 30 ms late."""
    with record(path) as bag:
        for index in range(3):
            stamp = START + index * 200_000_000
            bag.image("/camera/rgb/image_raw", stamp, color_image(index, (64, 80)), "rgb8")
            depth = np.full((64, 80), 1000, np.uint16)
            bag.image("/camera/depth/image_raw", stamp + 30_000_000, depth, "16UC1")
    return path


@pytest.mark.parametrize("argv", [["--sync-slop", "0.034"], ["--config", "config/kinect.yaml"]])
def test_segment_takes_the_slop_of_the_node(tmp_path, argv):
    """The file of the Kinect allows for color and depth that are triggered apart."""
    argv = [str(ROOT / word) if word.endswith(".yaml") else word for word in argv]
    bag = write_slow_bag(tmp_path / "slow.bag")
    assert segment(bag, tmp_path / "strict")[0] == 1
    assert segment(bag, tmp_path / "out", *argv)[0] == 0
    assert report_of(tmp_path / "out")["frames"]["segmented"] == 3


@pytest.mark.parametrize("value", ["null", "soon", "2", "-0.1", ".nan", "true"])
def test_segment_with_invalid_slop_in_file_names_it(tmp_path, capsys, value):
    file = tmp_path / "node.yaml"
    file.write_text(f"/**:\n  ros__parameters:\n    sync_slop: {value}\n")
    assert segment(tmp_path, tmp_path / "out", "--config", str(file))[0] == 1
    assert "option sync_slop = " in capsys.readouterr().err


def test_segment_takes_no_depth_of_the_node(tmp_path):
    file = tmp_path / "node.yaml"
    file.write_text("segmenter:\n  ros__parameters:\n    depth_topic: none\n")
    bag = write_slow_bag(tmp_path / "slow.bag")
    assert segment(bag, tmp_path / "out", "--config", str(file))[0] == 0
    assert report_of(tmp_path / "out")["frames"]["segmented"] == 3


def test_segment_flags_choose_topics_that_must_exist(tmp_path, capsys):
    bag = write_slow_bag(tmp_path / "slow.bag")
    assert segment(bag, tmp_path / "out", "--depth-topic", "")[0] == 0
    assert segment(bag, tmp_path / "no", "--color-topic", "/camera/rgb/image_rw")[0] == 1
    assert "did you mean /camera/rgb/image_raw" in capsys.readouterr().err
    assert segment(bag, tmp_path / "no", "--sync-slop", "2")[0] == 1
    write_image(tmp_path / "in" / "0.png", color_image(0, (64, 80)))
    assert segment(tmp_path / "in", tmp_path / "no", "--camera", "front")[0] == 1
    assert "has no topics" in capsys.readouterr().err


def test_segment_with_missing_source_names_it(tmp_path, capsys):
    assert main(["segment", str(tmp_path / "no"), "--out", str(tmp_path / "out"), *SMALL]) == 1
    assert str(tmp_path / "no") in capsys.readouterr().err


def test_segment_killed_at_any_moment_leaves_complete_files(tmp_path):
    for index in range(40):
        write_image(tmp_path / "in" / f"{index}.png", color_image(index, (64, 80)))
    out = tmp_path / "out"
    command = [sys.executable, "-m", "scenerep_ros.cli.main", "segment", str(tmp_path / "in")]
    command += ["--out", str(out), "--device", "cpu", *SMALL]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and len(list((out / "labels").glob("[0-9]*.png"))) < 3:
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    labels = list((out / "labels").glob("[0-9]*.png"))
    assert all(cv2.imread(str(path), cv2.IMREAD_UNCHANGED) is not None for path in labels)
    assert not (out / "report.json").exists()
    assert not (out / "overlay.mp4").exists()
    assert segment(tmp_path / "in", out, "--max-frames", "2")[0] == 1
    assert segment(tmp_path / "in", out, "--max-frames", "2", "--overwrite") == (
        0,
        ["0.png", "1.png"],
    )
    assert {path.name for path in out.iterdir()} == {"labels", "overlay.mp4", "report.json"}


def test_segment_on_full_disk_says_so(tmp_path, capsys):
    """A limit on the size of files fails in the middle of a write, like a full disk."""
    write_image(tmp_path / "in" / "0.png", color_image(0, (640, 800)))
    previous = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, previous[1]))
    try:
        code, names = segment(tmp_path / "in", tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, previous)
        signal.signal(signal.SIGXFSZ, handler)
    assert (code, names) == (1, [])
    assert "cannot write" in capsys.readouterr().err
