from __future__ import annotations

import shutil

import numpy as np
import pytest
from clips import index_of, write_images, write_video
from layouts import damage, square, write_tum
from recordings import write_bag
from scenerep_training.data import unpacking
from scenerep_training.data.unpacking import random_access_source

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.sources import open_source


def quick(path):
    return random_access_source(open_source(path), path)


def test_what_is_quick_stays_where_it_is(tmp_path, cache):
    path = write_images(tmp_path / "images", suffix=".jpg")
    source = open_source(path)
    assert random_access_source(source, path) is source
    assert not cache.exists()


def test_an_rgbd_recording_keeps_all_it_has(tabletop, cache):
    source, unpacked = open_source(tabletop), quick(tabletop)
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
def test_a_bag_keeps_its_depth_and_stamps_in_any_order(tmp_path, name):
    path = write_bag(tmp_path / name, count=5)
    source, unpacked = open_source(path), quick(path)
    for index in (4, 0, 2):
        frame, copy = source[index], unpacked[index]
        assert (copy.stamp_ns, copy.intrinsics) == (frame.stamp_ns, frame.intrinsics)
        np.testing.assert_allclose(copy.depth, frame.depth, atol=1.01e-4)


def test_a_video_is_unpacked_once_and_again_when_it_changes(tmp_path, cache, monkeypatch):
    path = write_video(tmp_path / "video.avi", 4)
    assert [index_of(frame.color) for frame in quick(path)] == [0, 1, 2, 3]
    monkeypatch.setattr(unpacking, "write_recording", pytest.fail)
    assert len(quick(path)) == 4
    monkeypatch.undo()
    monkeypatch.setenv("SCENEREP_CACHE", str(cache))
    write_video(path, 5)
    assert len(quick(path)) == 5


def test_frames_that_cannot_be_read_say_so_still(tmp_path):
    folder = write_images(tmp_path / "images", suffix=".png")
    damage(folder / "002.png")
    source = quick(folder)
    assert len(source) == 6
    with pytest.raises(FrameError, match=r"002\.png: image is truncated"):
        source[2]
    assert index_of(source[3].color) == 3


def test_frames_whose_labels_cannot_be_read_say_so_too(tmp_path):
    path = write_tum(tmp_path / "tum", [square(1)] * 3)
    damage(path / "masks" / "1.png")
    source = quick(path)
    assert source.ground_truth(2).max() == 1
    with pytest.raises(FrameError, match=r"masks/1\.png"):
        source[1]


def test_a_recording_without_any_readable_frame(tmp_path, cache):
    folder = write_images(tmp_path / "images", count=1, suffix=".png")
    damage(folder / "000.png")
    with pytest.raises(SourceError, match="none of its frames"):
        quick(folder)
    assert not list((cache / "recordings").iterdir())


def test_a_full_disk_leaves_nothing_half_done(tmp_path, cache, monkeypatch):
    def fill(source, folder):
        (folder / "color").mkdir()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(unpacking, "write_recording", fill)
    with pytest.raises(SourceError, match="SCENEREP_CACHE"):
        quick(write_video(tmp_path / "video.avi"))
    assert not list((cache / "recordings").iterdir())


def test_another_process_may_have_been_first(tmp_path, monkeypatch):
    path = write_video(tmp_path / "video.avi")
    write = unpacking.write_recording

    def write_twice(source, folder):
        write(source, folder)
        shutil.copytree(folder, folder.with_name(folder.name.split(".")[1]))

    monkeypatch.setattr(unpacking, "write_recording", write_twice)
    assert len(quick(path)) == 6
