"""Tests of unpacked copies of recordings in the cache."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from clips import frame_number, write_images, write_video
from layouts import square_mask, truncate_file, write_tum
from recordings import write_bag
from scenerep_training.data import unpacking
from scenerep_training.data.unpacking import with_random_access

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.sources import open_source


def unpack(path):
    return with_random_access(open_source(path), path)


def test_jpeg_folder_is_not_unpacked(tmp_path, cache):
    path = write_images(tmp_path / "images", suffix=".jpg")
    source = open_source(path)
    assert with_random_access(source, path) is source
    assert not cache.exists()


def test_unpacked_rgbd_recording_keeps_all_data(tabletop, cache):
    source, unpacked = open_source(tabletop), unpack(tabletop)
    assert (unpacked.name, len(unpacked), unpacked.rate) == (source.name, len(source), source.rate)
    for index in (0, 30, 59):
        frame, copy = source[index], unpacked[index]
        assert (copy.name, copy.stamp_ns) == (frame.name, frame.stamp_ns)
        assert copy.intrinsics == frame.intrinsics
        np.testing.assert_array_equal(copy.pose, frame.pose)
        np.testing.assert_allclose(copy.depth, frame.depth, atol=1.01e-4)
        assert np.abs(copy.color.astype(int) - frame.color).mean() < 4
        np.testing.assert_array_equal(unpacked.ground_truth(index), source.ground_truth(index))
    assert unpacked.color_frame(3).depth is None


@pytest.mark.parametrize("name", ["ros1.bag", "ros2-mcap"])
def test_unpacked_bag_keeps_depth_and_stamps(tmp_path, name):
    path = write_bag(tmp_path / name, count=5)
    source, unpacked = open_source(path), unpack(path)
    for index in (4, 0, 2):
        frame, copy = source[index], unpacked[index]
        assert (copy.stamp_ns, copy.intrinsics) == (frame.stamp_ns, frame.intrinsics)
        np.testing.assert_allclose(copy.depth, frame.depth, atol=1.01e-4)


def test_video_is_unpacked_once_until_it_changes(tmp_path, cache, monkeypatch):
    path = write_video(tmp_path / "video.avi", 4)
    assert [frame_number(frame.color) for frame in unpack(path)] == [0, 1, 2, 3]
    with monkeypatch.context() as patch:
        patch.setattr(unpacking, "write_recording", pytest.fail)
        assert len(unpack(path)) == 4
    write_video(path, 5)
    assert len(unpack(path)) == 5


def test_unpacked_recording_raises_for_unreadable_frame(tmp_path):
    folder = write_images(tmp_path / "images", suffix=".png")
    truncate_file(folder / "002.png")
    source = unpack(folder)
    assert len(source) == 6
    with pytest.raises(FrameError, match=r"002\.png: image is truncated"):
        source[2]
    assert frame_number(source[3].color) == 3


def test_unpacked_recording_raises_for_unreadable_labels(tmp_path):
    path = write_tum(tmp_path / "tum", [square_mask(1)] * 3)
    truncate_file(path / "masks" / "1.png")
    source = unpack(path)
    assert source.ground_truth(2).max() == 1
    with pytest.raises(FrameError, match=r"masks/1\.png"):
        source[1]


def test_unpacking_without_readable_frame_raises(tmp_path, cache):
    folder = write_images(tmp_path / "images", count=1, suffix=".png")
    truncate_file(folder / "000.png")
    with pytest.raises(SourceError, match="none of its frames"):
        unpack(folder)
    assert not list((cache / "recordings").iterdir())


def test_unpacking_on_full_disk_leaves_no_files(tmp_path, cache, monkeypatch):
    def fail_half_way(source, folder):
        (folder / "color").mkdir()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(unpacking, "write_recording", fail_half_way)
    with pytest.raises(SourceError, match="SCENEREP_CACHE"):
        unpack(write_video(tmp_path / "video.avi"))
    assert not list((cache / "recordings").iterdir())


def test_unpacking_accepts_copy_of_faster_process(tmp_path, monkeypatch):
    path = write_video(tmp_path / "video.avi")
    write = unpacking.write_recording

    def write_twice(source, folder):
        write(source, folder)
        shutil.copytree(folder, folder.with_name(folder.name.split(".")[1]))

    monkeypatch.setattr(unpacking, "write_recording", write_twice)
    assert len(unpack(path)) == 6
