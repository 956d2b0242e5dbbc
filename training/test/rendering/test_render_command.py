"""The command `scenerep-render` and the recordings that it writes."""

from __future__ import annotations

import json
import subprocess
import sys

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

pytest.importorskip("open3d", reason="the extra `render` is not installed")
pytest.importorskip("pybullet", reason="the extra `render` is not installed")

from scenerep_training.cli.render import main
from scenerep_training.datasets.object_scenes import ObjectScenes
from scenerep_training.datasets.single_object import list_single_object
from scenerep_training.rendering.recording import SCENES, RenderOptions
from scenerep_training.rendering.scenes import patrols

from scenerep_ros.frames import BACKGROUND, UNLABELLED
from scenerep_ros.geometry import deproject, project

FAST = ["--supersampling", "1"]


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    out = tmp_path_factory.mktemp("rendered")
    assert main(["rooms", "--seeds", "3", "--frames", "2", "--walk", "--out", str(out), *FAST]) == 0
    return out / "rooms_seed3"


def test_render_without_open3d_says_what_to_install(tmp_path):
    program = (
        "import sys; sys.modules['open3d'] = None; from scenerep_training.cli.render import main; "
        "sys.exit(main(['rooms', '--out', sys.argv[1]]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1
    assert "libusb-1.0-0" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_rooms_are_readable_and_hold_objects_and_structure(walk):
    scenes = ObjectScenes(walk)
    assert scenes.names() == ["0000", "0001"]
    frame, labels = scenes.read("0000")
    objects = set(np.unique(labels)) - {BACKGROUND, UNLABELLED}
    assert len(objects) >= 3
    assert 0.1 < (labels == BACKGROUND).mean() < 0.95
    assert np.isfinite(frame.depth).mean() > 0.99
    assert frame.color.std() > 20


@pytest.mark.slow
def test_poses_of_a_walk_reproject_depth_and_labels(walk):
    scenes = ObjectScenes(walk)
    (first, labels), (second, other_labels) = (scenes.read(name) for name in scenes.names())
    poses = read_poses(walk)
    motion = np.linalg.inv(poses[1]) @ poses[0]
    points = deproject(first.depth, first.intrinsics) @ motion[:3, :3].T + motion[:3, 3]
    u, v, expected = np.moveaxis(project(points, second.intrinsics), -1, 0)
    inside = (u > 0) & (u < 639) & (v > 0) & (v < 479)
    rows, columns = np.rint(v[inside]).astype(int), np.rint(u[inside]).astype(int)
    error = np.abs(second.depth[rows, columns] - expected[inside])
    assert np.median(error) < 0.005
    assert (other_labels[rows, columns] == labels[inside])[error < 0.01].mean() > 0.98


def read_poses(folder):
    poses = np.tile(np.eye(4), (2, 1, 1))
    rows = np.loadtxt(folder / "groundtruth.txt")
    poses[:, :3, 3] = rows[:, 1:4]
    poses[:, :3, :3] = Rotation.from_quat(rows[:, 4:]).as_matrix()
    return poses


@pytest.mark.slow
def test_objects_file_names_each_label_with_its_size(walk):
    objects = json.loads((walk / "objects.json").read_text())
    label = cv2.imread(str(walk / "label" / "0000.png"), cv2.IMREAD_UNCHANGED)
    assert {str(value) for value in np.unique(label) if value > 1} <= set(objects)
    sizes = np.array([entry["size"] for entry in objects.values()])
    assert (sizes > 0.001).all()
    assert (sizes < 3).all()


@pytest.mark.slow
def test_second_call_keeps_frames_and_restores_missing_ones(walk):
    path = walk / "color" / "0001.png"
    before, kept = path.read_bytes(), (walk / "color" / "0000.png").stat().st_mtime_ns
    for kind in ("color", "label"):
        (walk / kind / "0001.png").unlink()
    main(["rooms", "--seeds", "3", "--frames", "2", "--walk", "--out", str(walk.parent), *FAST])
    assert path.read_bytes() == before
    assert (walk / "color" / "0000.png").stat().st_mtime_ns == kept


@pytest.mark.slow
def test_kind_with_a_small_camera_has_its_size_and_noise(tmp_path):
    flags = ["--only", "small", "--frames", "1", "--out", str(tmp_path), *FAST]
    assert main(["kinds", *flags]) == 0
    frame, labels = ObjectScenes(tmp_path / "kinds_seed0" / "small").read("small_0000")
    assert labels.shape == (240, 320)
    assert len(np.unique(labels)) >= 3
    assert 0 < np.isnan(frame.depth).mean() < 0.5


@pytest.mark.slow
def test_turntables_have_the_layout_of_co3d(tmp_path):
    flags = ["--only", "mug", "--frames", "2", "--out", str(tmp_path), *FAST]
    assert main(["turntables", *flags]) == 0
    frames = list_single_object(tmp_path / "turntables_seed0")
    names = [f"mug/mug_{number}/frame{frame:06d}" for number in (0, 1) for frame in (1, 2)]
    assert list(frames) == names
    for frame in frames.values():
        color, mask = frame.read()
        assert color.shape == (480, 640, 3)
        assert 0.02 < mask.mean() < 0.5
        # The camera looks at the object, whose outline no border of the image cuts.
        assert mask[1:-1, 1:-1].sum() == mask.sum()


def test_unknown_scene_set_is_refused_with_suggestions(tmp_path, capsys):
    assert main(["room", "--out", str(tmp_path)]) == 1
    assert "rooms" in capsys.readouterr().err


@pytest.mark.slow
def test_scenes_of_one_recording_share_no_ids():
    from scenerep_training.rendering.recording import SCENES, RenderOptions

    (recording,) = SCENES["kinds"](0, RenderOptions(frames=2, only=("few",)))
    first, second = (set(shot.scene.items) for shot in recording.shots)
    assert not first & second


@pytest.mark.slow
def test_patrols_change_three_objects_between_two_walks(monkeypatch):
    """Short walks see few objects well, so one distant view suffices: rooms are slow to make."""
    monkeypatch.setattr(patrols, "MIN_VISIBLE_FRAMES", 1)
    monkeypatch.setattr(patrols, "MIN_VISIBLE_RATIO", 0.002)
    monkeypatch.setattr(patrols, "MAX_DEPTH_M", 10.0)
    before, after = SCENES["patrols"](1, RenderOptions(frames=3))
    first, second = (recording.shots[0].scene.items for recording in (before, after))
    shared = first.keys() & second.keys()
    moved = [i for i in shared if not np.array_equal(first[i].pose, second[i].pose)]
    assert (before.name, after.name) == ("before", "after")
    assert len(first.keys() - second.keys()) == len(second.keys() - first.keys()) == 1
    assert len(moved) == 1
    assert len(before.shots) == len(after.shots) == 3
