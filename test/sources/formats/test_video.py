"""Video files."""

import subprocess

import cv2
import imageio_ffmpeg
import numpy as np
import pytest
from recordings import color_image

from scenerep_ros.errors import SourceError
from scenerep_ros.sources import open_source
from scenerep_ros.sources.formats.video import decoder_errors

COUNT = 12


@pytest.fixture(scope="module", params=["video.avi", "video.mp4"])
def video(request, tmp_path_factory):
    """Write a video whose frame i has red i * 20, green 0 and blue 255 - i * 20."""
    path = tmp_path_factory.mktemp("video") / request.param
    codec = cv2.VideoWriter.fourcc(*("MJPG" if path.suffix == ".avi" else "mp4v"))
    writer = cv2.VideoWriter(str(path), codec, 25, (64, 48))
    for index in range(COUNT):
        rgb = np.full((48, 64, 3), (index * 20, 0, 255 - index * 20), np.uint8)
        writer.write(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    writer.release()
    return path


def index_of(frame):
    """Return the index that the color of a frame encodes."""
    red, green, blue = frame.color.reshape(-1, 3).mean(axis=0)
    assert green < 20
    assert red + blue == pytest.approx(255, abs=20)
    return round(red / 20)


def test_video_yields_all_frames_in_order(video):
    source = open_source(video)
    frames = list(source)
    assert (source.format_name, source.name, source.rate) == ("video", "video", 25)
    assert len(source) == COUNT
    assert [index_of(frame) for frame in frames] == list(range(COUNT))
    assert [frame.name for frame in frames[:2]] == ["000000", "000001"]
    assert [frame.stamp_ns for frame in frames[:2]] == [0, 40_000_000]
    assert frames[0].depth is None


def test_video_indexing_is_frame_accurate(video):
    source = open_source(video)
    for index in (7, 3, 4, 4, 0, 11):
        assert index_of(source[index]) == index
    with pytest.raises(IndexError):
        source[COUNT]


def test_video_iteration_is_independent_of_indexing(video):
    source = open_source(video)
    for frame in source:
        assert index_of(source[int(frame.name)]) == index_of(frame)


def test_truncated_video_reports_missing_frames(tmp_path):
    """The header of the file still announces all frames."""
    path = tmp_path / "truncated.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 48))
    for index in range(COUNT):
        writer.write(color_image(index, (48, 64)))
    writer.release()
    content = path.read_bytes()
    path.write_bytes(content[: int(0.6 * len(content))])
    source = open_source(path)
    count = len(list(source))
    assert 0 < count < COUNT
    assert len(source) == count
    (skipped,) = source.skipped
    assert skipped.name == f"{count:06d}"
    assert f"ends after {count} of {COUNT} frames" in skipped.reason
    with pytest.raises(IndexError):
        source[COUNT - 1]


@pytest.mark.parametrize("content", [b"", b"no video at all" * 100])
def test_file_with_video_suffix_but_other_content_is_rejected(tmp_path, content):
    (tmp_path / "empty.mp4").write_bytes(content)
    with pytest.raises(SourceError, match=r"empty.mp4: cannot be decoded"):
        open_source(tmp_path / "empty.mp4")


def test_video_without_frames_is_rejected(tmp_path):
    path = tmp_path / "empty.avi"
    cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 48)).release()
    with pytest.raises(SourceError, match=r"empty.avi"):
        open_source(path)


def write_video(path, count=4, codec="MJPG"):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 25, (64, 48))
    for index in range(count):
        writer.write(color_image(index, (48, 64)))
    writer.release()
    return path


def test_video_with_colon_in_relative_name_is_read(tmp_path, monkeypatch):
    write_video(tmp_path / "video.avi").rename(tmp_path / "2024-01-01T10:00:00.avi")
    monkeypatch.chdir(tmp_path)
    assert len(list(open_source("2024-01-01T10:00:00.avi"))) == 4


def test_video_suffix_in_capitals_is_read(tmp_path):
    write_video(tmp_path / "video.avi").rename(tmp_path / "CLIP.AVI")
    assert len(open_source(tmp_path / "CLIP.AVI")) == 4


@pytest.mark.parametrize("announced", [1, 2, 1000])
def test_video_length_is_what_decodes(tmp_path, announced):
    """The header of the file, and that of its stream, announce another number of frames."""
    path = write_video(tmp_path / "video.avi", count=9)
    content = bytearray(path.read_bytes())
    for tag, offset in ((b"avih", 24), (b"strh", 40)):
        start = content.index(tag) + offset
        content[start : start + 4] = announced.to_bytes(4, "little")
    path.write_bytes(content)
    source = open_source(path)
    assert len(source) == 9
    assert len(list(source)) == 9


def test_decoder_errors_of_an_intact_video_are_none(tmp_path):
    assert decoder_errors(write_video(tmp_path / "a.avi")) == ""


def test_video_with_variable_rate_keeps_its_stamps(tmp_path):
    constant = write_video(tmp_path / "a.avi")
    path = tmp_path / "variable.mkv"
    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(constant)]
    stretch = "setpts=(N+N*N)/TB/10"  # seconds 0, 0.2, 0.6, 1.2
    subprocess.run(
        [*ffmpeg, "-vf", stretch, "-fps_mode", "vfr", "-c:v", "mjpeg", str(path)], check=True
    )
    source = open_source(path)
    stamps_s = [frame.stamp_ns * 1e-9 for frame in source]
    np.testing.assert_allclose(stamps_s, [0, 0.2, 0.6, 1.2], atol=0.01)
    assert source.skipped == []
