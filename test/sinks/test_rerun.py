"""Recordings for the Rerun viewer, which its own command reads back."""

from __future__ import annotations

import builtins
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from recordings import color_image

from scenerep_ros.errors import ConfigError, ScenerepError
from scenerep_ros.frames import Intrinsics, RGBDFrame, SceneObject, SceneSegmentation
from scenerep_ros.sinks.rerun import RerunSink

STAMP = 1_700_000_000_000_000_000


def make_scene(index, depth):
    labels = np.zeros((24, 32), np.uint16)
    labels[5:15, 5:20] = 3
    frame = RGBDFrame(
        color_image(index),
        np.where(labels > 0, 1.2, 1.5).astype(np.float32) if depth else None,
        Intrinsics(30.0, 30.0, 15.5, 11.5),
        STAMP + index * 10**8,
        name=str(index),
        pose=np.eye(4),
    )
    item = SceneObject(3, 150, (5, 5, 15, 10), np.ones(4, np.float32))
    return frame, SceneSegmentation(labels, (item,))


@pytest.mark.parametrize("depth", [True, False])
def test_rerun_sink_writes_entities_on_one_timeline(tmp_path, depth):
    pytest.importorskip("rerun", reason="the extra rerun is not installed")
    file = tmp_path / "scene.rrd"
    with RerunSink(file, "scene") as sink:
        for index in range(3):
            sink.write(*make_scene(index, depth))
        assert not file.exists()
    assert list(tmp_path.iterdir()) == [file]
    command = [str(Path(sys.executable).with_name("rerun")), "rrd", "print", "-vv", str(file)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    entities = {"color", "labels"} | ({"cloud", "boxes"} if depth else set())
    assert all(f"/camera/{name}" in text for name in entities)
    assert ("/camera/cloud" in text) == depth
    assert "stamp" in text
    assert "AnnotationContext:context" in text
    assert ("Boxes3D:labels" in text) == depth


def test_rerun_sink_in_unusable_folder_names_it(tmp_path):
    pytest.importorskip("rerun", reason="the extra rerun is not installed")
    (tmp_path / "file").write_text("")
    with pytest.raises(ScenerepError, match="cannot write"):
        RerunSink(tmp_path / "file" / "scene.rrd", "scene")


def test_rerun_sink_without_the_package_names_the_extra(tmp_path, monkeypatch):
    original = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name == "rerun":
            raise ImportError("No module named 'rerun'")
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ConfigError, match=r"pip install 'scenerep_ros\[rerun\]'"):
        RerunSink(tmp_path / "scene.rrd", "scene")
    assert not list(tmp_path.iterdir())
