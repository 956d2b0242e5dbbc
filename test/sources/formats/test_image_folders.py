"""Folders of images: RGB-D pairs of equal names, 7-Scenes sequences, color alone."""

import shutil

import cv2
import numpy as np
import pytest
from conftest import real_data
from recordings import color_image, depth_image, write_image, write_rgbd

from scenerep_ros.errors import FrameError
from scenerep_ros.frames import BACKGROUND, KINECT, UNLABELLED
from scenerep_ros.preprocessing.depth_registration import DepthRegistration
from scenerep_ros.sources import open_source


def test_rgbd_folder_converts_depth_from_millimeters(tmp_path):
    source = open_source(write_rgbd(tmp_path / "views"))
    assert (source.format_name, source.name, len(source)) == ("RGB-D folder", "views", 3)
    for index, frame in enumerate(source):
        assert frame.name == f"view{index}"
        assert frame.intrinsics == KINECT
        np.testing.assert_array_equal(frame.color, color_image(index))
        np.testing.assert_allclose(frame.depth[1:], depth_image(index)[1:] / 1000, rtol=1e-6)
        assert np.isnan(frame.depth[0, :2]).all()


def test_default_calibration_at_other_size_logs_a_warning(tmp_path, caplog):
    source = open_source(write_rgbd(tmp_path / "views"))
    list(source)
    assert caplog.text.count("put fx, fy, cx, cy into camera.json") == 1


def test_rgbd_folder_accepts_rgb_as_color_folder(tmp_path):
    (write_rgbd(tmp_path) / "color").rename(tmp_path / "rgb")
    assert open_source(tmp_path).format_name == "RGB-D folder"
    assert open_source(tmp_path)[0].depth is not None


def test_rgbd_folder_pairs_jpeg_color_with_png_depth(tmp_path):
    write_image(tmp_path / "color" / "a.jpg", color_image(0))
    write_image(tmp_path / "depth" / "a.png", depth_image(0))
    assert open_source(tmp_path)[0].depth.shape == (24, 32)


def test_rgbd_color_without_depth_is_skipped(tmp_path):
    (write_rgbd(tmp_path) / "depth" / "view1.png").unlink()
    source = open_source(tmp_path)
    assert [frame.name for frame in source] == ["view0", "view2"]
    assert source.skipped[0].name == "view1"
    assert "depth/view1.png: cannot be read" in source.skipped[0].reason


def test_rgbd_labels_follow_the_object_segmentation_database(tmp_path):
    """In the data set 0 is unknown, 1 the table and objects start at 2."""
    stored = np.tile(np.array([0, 1, 2, 9], np.uint8), (24, 8))
    write_image(write_rgbd(tmp_path) / "label" / "view1.png", stored)
    source = open_source(tmp_path)
    np.testing.assert_array_equal(
        source.ground_truth(1)[0, :4], [UNLABELLED, BACKGROUND, 1, 8], strict=False
    )
    assert source.ground_truth(0) is None


def test_rgbd_folder_reads_stamps_and_poses_of_images(tmp_path):
    lines = ["# stamp tx ty tz qx qy qz qw", "5.0 1 2 3 0 0 0 1", "5.1 4 5 6 0 0 1 0"]
    (write_rgbd(tmp_path) / "groundtruth.txt").write_text("\n".join(lines))
    first, second, third = open_source(tmp_path)
    assert (first.stamp_ns, second.stamp_ns) == (5_000_000_000, 5_100_000_000)
    np.testing.assert_array_equal(first.pose[:3], np.c_[np.eye(3), [1, 2, 3]])
    np.testing.assert_allclose(second.pose[:3], np.c_[np.diag([-1, -1, 1]), [4, 5, 6]], atol=1e-12)
    assert third.pose is None


@pytest.mark.parametrize("line", ["5.0 1 2 3", "5.0 1 2 3 0 0 0 0", "5.0 1 2 nan 0 0 0 1"])
def test_rgbd_folder_with_an_invalid_pose_has_none(tmp_path, line):
    lines = ["4.9 1 2 3 0 0 0 1", line]
    (write_rgbd(tmp_path) / "groundtruth.txt").write_text("\n".join(lines))
    assert [frame.pose is None for frame in open_source(tmp_path)] == [False, True, True]


def test_rgbd_folder_with_another_list_of_poses_names_it(tmp_path, caplog):
    (write_rgbd(tmp_path) / "groundtruth.txt").write_text("a b")
    assert [frame.pose for frame in open_source(tmp_path)] == [None] * 3
    assert "groundtruth.txt" in caplog.text


def test_rgbd_folder_reads_real_table_tops(mosd_folder):
    source = open_source(mosd_folder)
    assert [source[index].name for index in (0, 1, 2)] == ["learn0", "learn1", "learn2"]
    frame, truth = source[0], source.ground_truth(0)
    assert truth.shape == frame.shape
    assert np.isnan(frame.depth[truth != UNLABELLED]).mean() < 0.01
    assert 0.4 < np.nanmedian(frame.depth[truth == 1]) < 1.5


def test_rgbd_frame_of_one_pixel_is_skipped(tmp_path):
    write_image(tmp_path / "color" / "dot.png", color_image(0, (1, 1)))
    write_image(tmp_path / "depth" / "dot.png", np.full((1, 1), 700, np.uint16))
    source = open_source(tmp_path)
    assert list(source) == []
    assert "which is too small" in source.skipped[0].reason


def test_image_folder_sorts_names_in_natural_order(tmp_path):
    for index in (10, 9, 1):
        write_image(tmp_path / f"image{index}.png", color_image(index))
    (tmp_path / "notes.txt").write_text("no image")
    source = open_source(tmp_path)
    assert source.format_name == "image folder"
    frames = list(source)
    assert [frame.name for frame in frames] == ["image1", "image9", "image10"]
    np.testing.assert_array_equal(frames[1].color, color_image(9))
    assert frames[0].depth is None
    assert frames[0].intrinsics is None
    assert frames[1].stamp_ns == pytest.approx(1e9 / 30, abs=1)


def test_image_folder_skips_a_damaged_image(tmp_path):
    write_image(tmp_path / "a.png", color_image(0))
    (tmp_path / "b.png").write_bytes(b"")
    source = open_source(tmp_path)
    assert [frame.name for frame in source] == ["a"]
    assert "b.png: image is damaged" in source.skipped[0].reason


@pytest.fixture
def kitchen(tmp_path):
    """The first two frames of a real 7-Scenes sequence."""
    real = real_data("7scenes_kitchen")
    for path in real.glob("frame-00000[01].*"):
        shutil.copy(path, tmp_path)
    return tmp_path


def test_seven_scenes_reads_depth_and_color_camera_pose(kitchen):
    source = open_source(kitchen)
    frame = source[1]
    stored = cv2.imread(str(kitchen / "frame-000001.depth.png"), cv2.IMREAD_UNCHANGED)
    assert (source.format_name, len(source)) == ("7-Scenes sequence", 2)
    assert frame.name == "frame-000001.color"
    is_measured = (stored > 0) & (stored < 65535)
    assert np.nanmedian(frame.depth) == pytest.approx(
        np.median(stored[is_measured]) / 1000, rel=0.05
    )
    pose = np.loadtxt(kitchen / "frame-000001.pose.txt")
    np.testing.assert_array_equal(frame.pose[:3, :3], pose[:3, :3])
    offset = pose[:3, :3].T @ (frame.pose[:3, 3] - pose[:3, 3])
    np.testing.assert_allclose(offset, [0.025, 0, 0], atol=1e-5)  # stored with few digits


def test_seven_scenes_depth_is_registered_to_color(kitchen):
    for frame in open_source(kitchen):
        assert DepthRegistration(gap=0.02)(frame) is frame


def test_seven_scenes_without_valid_pose_yields_none_or_fails(kitchen):
    pose = kitchen / "frame-000000.pose.txt"
    pose.write_text("nan 0 0 0\n" * 4)
    assert open_source(kitchen)[0].pose is None
    pose.write_text("1 2\n3 4\n")
    with pytest.raises(FrameError, match=r"pose is \[2, 2\], expected 4 rows of 4"):
        open_source(kitchen)[0]
    pose.write_text("not a number")
    with pytest.raises(FrameError, match="cannot be read as a pose"):
        open_source(kitchen)[0]
    pose.unlink()
    assert open_source(kitchen)[0].pose is None


def test_image_folder_ignores_files_that_are_no_frames(tmp_path):
    for name in ("IMG_1.PNG", "IMG_2.JPG", "IMG_1_thumb.png", "thumb_IMG_2.jpg", "thumb.png"):
        write_image(tmp_path / name.lower(), color_image(0)).rename(tmp_path / name)
    for name in ("._IMG_1.PNG", ".hidden.png", ".DS_Store"):
        (tmp_path / name).write_bytes(b"no image")
    (tmp_path / "gone.png").symlink_to(tmp_path / "missing.png")
    (tmp_path / "folder.png").mkdir()
    source = open_source(tmp_path)
    assert [frame.name for frame in source] == ["IMG_1", "IMG_2", "thumb"]
    assert source.skipped == []
