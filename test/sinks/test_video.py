"""Writers of H.264 videos."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import segmented_frames
from segmented_frames import file_names, make_frame, make_scene

from scenerep_ros.errors import ScenerepError
from scenerep_ros.frames import RGBDFrame, SceneSegmentation
from scenerep_ros.render import draw_overlay
from scenerep_ros.sinks import OverlayVideoSink, Sink, VideoWriter


def read_video(path: Path) -> list[np.ndarray]:
    capture = cv2.VideoCapture(str(path))
    images = []
    while (item := capture.read())[0]:
        images.append(item[1][..., ::-1])
    return images


def write_all(sink: Sink, frames: list[RGBDFrame], scene: SceneSegmentation) -> None:
    with sink:
        for frame in frames:
            sink.write(frame, scene)


@pytest.mark.parametrize("shape", [(48, 64), (49, 65)])
def test_overlay_video_plays_back_the_overlays(tmp_path, shape):
    frame, scene = RGBDFrame(np.full((*shape, 3), 120, np.uint8)), make_scene(shape)
    with OverlayVideoSink(tmp_path / "overlay.mp4", 25) as sink:
        for _ in range(6):
            sink.write(frame, scene)
        assert not (tmp_path / "overlay.mp4").exists()
    assert file_names(tmp_path) == ["overlay.mp4"]
    images = read_video(tmp_path / "overlay.mp4")
    assert len(images) == 6
    drawn = draw_overlay(frame.color, scene.labels).astype(int)
    decoded = images[3][: shape[0], : shape[1]].astype(int)
    assert np.abs(decoded - drawn).mean() < 12


def test_overlay_video_is_streamable_h264(tmp_path):
    with OverlayVideoSink(tmp_path / "overlay.mp4", 30) as sink:
        sink.write(make_frame(), make_scene())
    content = (tmp_path / "overlay.mp4").read_bytes()
    assert b"avc1" in content
    assert content.index(b"moov") < content.index(b"mdat")  # a browser can start before the end


def test_video_writer_resizes_later_images_to_the_first(tmp_path):
    video = VideoWriter(tmp_path / "a.mp4", 30)
    video.write(np.zeros((48, 64, 3), np.uint8))
    video.write(np.full((96, 128, 3), 200, np.uint8))
    video.close()
    first, second = read_video(tmp_path / "a.mp4")
    assert first.shape == second.shape == (48, 64, 3)
    assert second.mean() == pytest.approx(200, abs=5)


def test_video_writer_interrupted_by_an_error_leaves_no_file(tmp_path):
    def images():
        yield np.zeros((48, 64, 3), np.uint8)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), VideoWriter(tmp_path / "a.mp4", 30) as video:
        list(map(video.write, images()))
    assert file_names(tmp_path) == []


@pytest.mark.slow
def test_overlay_video_interrupted_by_sigint_is_playable(tmp_path):
    script = f"""
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
sys.path.insert(0, {str(Path(segmented_frames.__file__).parent)!r})
from pathlib import Path
from segmented_frames import make_frame, make_scene
from scenerep_ros.sinks import OverlayVideoSink
with OverlayVideoSink(Path({str(tmp_path)!r}) / "overlay.mp4", 30) as sink:
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
    assert file_names(tmp_path) == ["overlay.mp4"]
    assert len(read_video(tmp_path / "overlay.mp4")) > 20


def test_overlay_video_with_failing_encoder_raises_and_leaves_no_file(tmp_path):
    frame, scene = make_frame(shape=(480, 640)), make_scene((480, 640))
    sink = OverlayVideoSink(tmp_path / "overlay.mp4", -1)  # ffmpeg refuses a negative rate
    with pytest.raises(ScenerepError, match=r"cannot write .*overlay\.mp4: ffmpeg: ."):
        write_all(sink, [frame] * 50, scene)
    assert file_names(tmp_path) == []


def test_overlay_video_error_names_the_disk_only_if_full(tmp_path):
    with pytest.raises(ScenerepError) as raised:
        write_all(OverlayVideoSink(tmp_path / "a.mp4", -1), [make_frame()], make_scene())
    assert "disk" not in str(raised.value)


def test_overlay_video_in_a_folder_with_colon_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_all(OverlayVideoSink(Path("10:00") / "a:b.mp4", 30), [make_frame()], make_scene())
    assert len(read_video(tmp_path / "10:00" / "a:b.mp4")) == 1


def test_overlay_video_without_frames_leaves_no_file(tmp_path):
    with OverlayVideoSink(tmp_path / "overlay.mp4", 30):
        pass
    assert file_names(tmp_path) == []
