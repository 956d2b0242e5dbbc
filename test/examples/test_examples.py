"""Every script of examples/ on the embedded sequence, as a user runs it."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import ROOT

from scenerep_ros.cli.main import main

pytestmark = pytest.mark.slow

EXAMPLES = ROOT / "examples"
TABLETOP = str(ROOT / "test" / "data" / "tabletop")


def run_example(name, *arguments, environment=None):
    """Run a script to its end and return what it printed."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=280,
        env={**os.environ, **(environment or {})},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_segment_frame_prints_objects_and_writes_overlay(tmp_path):
    picture = tmp_path / "overlay.png"
    output = run_example("segment_frame.py", TABLETOP, "--picture", picture)
    assert output.count("object ") >= 5
    assert cv2.imread(str(picture)).shape == (480, 640, 3)


def test_custom_source_is_detected_and_segmented(tmp_path):
    npz = tmp_path / "frames.npz"
    output = run_example("custom_source.py", TABLETOP, "--npz", npz, "--frames", "2")
    assert output.count("npz recording, frame") == 2
    assert " 0 objects" not in output


def test_installed_plugin_segments_with_its_own_options(tmp_path):
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    plugin = tmp_path / "plugin"
    plugin.mkdir()
    for path in (EXAMPLES / "segmenter_plugin").glob("*.*"):  # builds leave files beside sources
        (plugin / path.name).write_bytes(path.read_bytes())
    subprocess.run([*pip, "--target", str(site), str(plugin)], check=True, timeout=120)
    command = [sys.executable, "-m", "scenerep_ros.cli.main", "segment", TABLETOP]
    command += ["--out", str(tmp_path), "--max-frames", "2", "--method", "border_contrast"]
    command += ["--backbone", "vit_tiny_patch16_224", "--weights", "random"]
    environment = {**os.environ, "PYTHONPATH": str(site)}
    command.append("--border_contrast.max_similarity=1")  # every pixel is foreground
    subprocess.run(command, check=True, timeout=120, env=environment)
    labels = sorted((tmp_path / "labels").iterdir())
    images = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in labels]
    assert [int((image > 0).sum()) for image in images] == [480 * 640] * 2


def test_finetune_and_compare_prints_figures_before_and_after(tmp_path):
    pytest.importorskip("scenerep_training", reason="the training module is not installed")
    small = ["--backbone", "test_resnet", "--init", "random", "--steps", "2", "--crop-size", "64"]
    small += ["--frames", "2"]
    output = run_example("finetune_and_compare.py", TABLETOP, "--out", tmp_path, *small)
    (line,) = [line for line in output.splitlines() if line.startswith("overlap_f ")]
    before, after = map(float, line.split()[1:])
    assert 0 < before < 1
    assert 0 < after < 1
    assert (tmp_path / "run" / "model.safetensors").is_file()


def test_view_cloud_renders_every_object_in_its_color(tmp_path):
    arguments = ["segment", TABLETOP, "--out", str(tmp_path), "--clouds", "--max-frames", "1"]
    assert main([*arguments, "--backbone", "vit_tiny_patch16_224", "--weights", "random"]) == 0
    (cloud,) = (tmp_path / "clouds").iterdir()
    picture = tmp_path / "cloud.png"
    run_example("view_cloud.py", cloud, "--picture", picture, environment=open3d_environment())
    image = cv2.imread(str(picture))
    colored = np.ptp(image.astype(int), axis=2) > 60
    assert image.shape == (240, 320, 3)
    assert colored.mean() > 0.01


def open3d_environment():
    """Environment in which Open3D finds libusb, which minimal machines lack."""
    if find_spec("open3d") is None:
        pytest.skip("Open3D is not installed: pip install open3d")
    # Whether this process can load libusb says nothing: other tests may have loaded the package's.
    package = find_spec("libusb_package")
    if package is None or package.origin is None:
        try:
            ctypes.CDLL("libusb-1.0.so.0")
        except OSError:
            pytest.skip("Open3D needs libusb-1.0")
        return {}
    return {"LD_PRELOAD": str(Path(package.origin).with_name("libusb-1.0.so"))}
