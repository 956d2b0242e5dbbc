import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from scenerep_ros.errors import FrameError, ScenerepError
from scenerep_ros.frames import KINECT, UNLABELLED, RGBDFrame, SceneSegmentation
from scenerep_ros.render import attention_montage, overlay
from scenerep_ros.sinks import (
    AttentionSink,
    CloudSink,
    LabelSink,
    OverlaySink,
    OverlayVideo,
    Sink,
    Sinks,
)

FOLDER_SINKS = [LabelSink, OverlaySink, CloudSink, AttentionSink]


def make_frame(name: str = "000001", shape: tuple[int, int] = (48, 64)) -> RGBDFrame:
    rng = np.random.default_rng(0)
    depth = np.full(shape, 1.5, np.float32)
    depth[:3] = np.nan
    return RGBDFrame(rng.integers(0, 255, (*shape, 3), np.uint8), depth, KINECT, name=name)


def make_scene(shape: tuple[int, int] = (48, 64)) -> SceneSegmentation:
    labels = np.zeros(shape, np.uint16)
    labels[10:20, 10:20] = 1
    labels[30:40, 10:20] = 65534
    labels[:3] = UNLABELLED
    attention = np.random.default_rng(1).random((3, 4, 5), np.float32)
    return SceneSegmentation(labels, attention=attention)


def read(path: Path) -> np.ndarray:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert image is not None, path
    return image


def video_frames(path: Path) -> list[np.ndarray]:
    capture = cv2.VideoCapture(str(path))
    frames = []
    while (item := capture.read())[0]:
        frames.append(item[1][..., ::-1])
    return frames


def write_all(sink: Sink, frames: list[RGBDFrame], scene: SceneSegmentation) -> None:
    with sink:
        for frame in frames:
            sink.write(frame, scene)


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_labels_survive_writing(tmp_path):
    with LabelSink(tmp_path) as sink:
        sink.write(make_frame("a"), make_scene())
    image = read(tmp_path / "labels" / "a.png")
    assert image.dtype == np.uint16
    assert (image == make_scene().labels).all()


def test_overlays_and_attention_are_what_render_draws(tmp_path):
    frame, scene = make_frame("a"), make_scene()
    with Sinks([OverlaySink(tmp_path), AttentionSink(tmp_path)]) as sinks:
        sinks.write(frame, scene)
    assert files(tmp_path) == ["attention/a.png", "overlays/a.png"]
    picture = read(tmp_path / "overlays" / "a.png")[..., ::-1]
    assert (picture == overlay(frame.color, scene.labels)).all()
    picture = read(tmp_path / "attention" / "a.png")[..., ::-1]
    assert (picture == attention_montage(frame.color, scene.attention)).all()


def test_cloud_has_a_point_a_depth_pixel_and_its_label(tmp_path):
    with CloudSink(tmp_path) as sink:
        sink.write(make_frame("a"), make_scene())
    content = (tmp_path / "clouds" / "a.ply").read_bytes()
    header, body = content.split(b"end_header\n", 1)
    assert f"element vertex {45 * 64}".encode() in header
    points = np.frombuffer(
        body, [("xyz", "<f4", 3), ("rgb", "u1", 3), ("label", "<i4")], count=45 * 64
    )
    np.testing.assert_allclose(points["xyz"][:, 2], 1.5)
    assert set(points["label"]) == {0, 1, 65534}
    assert (points["label"].reshape(45, 64) == make_scene().labels[3:]).all()


@pytest.mark.parametrize("sink", FOLDER_SINKS)
@pytest.mark.parametrize("name", ["../../escaped", "/etc/x", "a/b", "..\\up", "..", "nul\0", ""])
def test_no_name_leaves_the_folder(tmp_path, sink, name):
    out = tmp_path / "deep" / "out"
    with sink(out) as writer:
        writer.write(make_frame(name), make_scene())
    written = files(tmp_path)
    assert len(written) == 1
    assert written[0].startswith("deep/out/")


@pytest.mark.parametrize("sink", [*FOLDER_SINKS, lambda out: OverlayVideo(out / "v.mp4", 30)])
def test_a_folder_that_cannot_be_written_to_is_a_clear_error(tmp_path, sink):
    (tmp_path / "out").write_text("a file, not a folder")
    with (
        pytest.raises(ScenerepError, match=r"cannot write .*out"),
        sink(tmp_path / "out") as writer,
    ):
        writer.write(make_frame(), make_scene())


@pytest.mark.parametrize("missing", ["depth", "intrinsics"])
def test_cloud_says_what_is_missing(tmp_path, missing):
    values = {"depth": make_frame().depth, "intrinsics": KINECT, missing: None}
    frame = RGBDFrame(make_frame().color, name="f7", **values)
    with pytest.raises(FrameError, match=f"f7: no .*{missing}"):
        CloudSink(tmp_path).write(frame, make_scene())


def test_attention_says_that_there_is_none(tmp_path):
    scene = SceneSegmentation(make_scene().labels)
    with pytest.raises(FrameError, match="ViT"):
        AttentionSink(tmp_path).write(make_frame(), scene)


@pytest.mark.parametrize("shape", [(48, 64), (49, 65)])
def test_video_plays_back_what_was_drawn(tmp_path, shape):
    frame, scene = RGBDFrame(np.full((*shape, 3), 120, np.uint8)), make_scene(shape)
    with OverlayVideo(tmp_path / "overlay.mp4", 25) as sink:
        for _ in range(6):
            sink.write(frame, scene)
        assert not (tmp_path / "overlay.mp4").exists()
    assert files(tmp_path) == ["overlay.mp4"]
    pictures = video_frames(tmp_path / "overlay.mp4")
    assert len(pictures) == 6
    drawn = overlay(frame.color, scene.labels).astype(int)
    played = pictures[3][: shape[0], : shape[1]].astype(int)
    assert np.abs(played - drawn).mean() < 12


def test_video_is_h264_that_players_know(tmp_path):
    with OverlayVideo(tmp_path / "overlay.mp4", 30) as sink:
        sink.write(make_frame(), make_scene())
    content = (tmp_path / "overlay.mp4").read_bytes()
    assert b"avc1" in content
    assert content.index(b"moov") < content.index(b"mdat")  # a browser can start before the end


def test_video_keeps_its_size_when_the_frames_change_theirs(tmp_path):
    with OverlayVideo(tmp_path / "overlay.mp4", 30) as sink:
        sink.write(make_frame(), make_scene())
        sink.write(make_frame(shape=(96, 128)), make_scene((96, 128)))
    assert [p.shape for p in video_frames(tmp_path / "overlay.mp4")] == [(48, 64, 3)] * 2


def test_interrupted_video_is_playable(tmp_path):
    script = f"""
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_sinks import *
with OverlayVideo(Path({str(tmp_path)!r}) / "overlay.mp4", 30) as sink:
    for i in range(10**6):
        sink.write(make_frame(), make_scene())
        if i == 20:
            print("running", flush=True)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdout.readline() == b"running\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(30) != 0
    assert files(tmp_path) == ["overlay.mp4"]
    assert len(video_frames(tmp_path / "overlay.mp4")) > 20


def test_an_encoder_that_dies_is_a_clear_error_and_leaves_nothing(tmp_path):
    frame, scene = make_frame(shape=(480, 640)), make_scene((480, 640))
    sink = OverlayVideo(tmp_path / "overlay.mp4", -1)  # a rate that ffmpeg refuses
    with pytest.raises(ScenerepError, match=r"cannot write .*overlay\.mp4: ffmpeg: ."):
        write_all(sink, [frame] * 50, scene)
    assert files(tmp_path) == []


def test_a_video_of_nothing_writes_no_file(tmp_path):
    with OverlayVideo(tmp_path / "overlay.mp4", 30):
        pass
    assert files(tmp_path) == []


def test_every_sink_is_closed_even_where_one_fails():
    class Failing(Sink):
        def __init__(self) -> None:
            self.closed = 0

        def close(self) -> None:
            self.closed += 1
            raise ScenerepError("the disk is full")

    sinks = [Failing(), Failing()]
    with pytest.raises(ScenerepError, match="disk"):
        Sinks(sinks).close()
    assert [sink.closed for sink in sinks] == [1, 1]


def test_a_frame_that_shows_nothing_has_no_attention_to_write(tmp_path):
    nothing = SceneSegmentation(np.full((4, 5), UNLABELLED, np.uint16))
    with Sinks([AttentionSink(tmp_path)]) as sinks:
        sinks.write(RGBDFrame(np.zeros((4, 5, 3), np.uint8), name="a"), nothing)
    assert files(tmp_path) == []
