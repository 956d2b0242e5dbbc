"""Bags of ROS 1 and ROS 2."""

import contextlib
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from recordings import (
    PERIOD,
    START,
    color_image,
    depth_image,
    record,
    write_bag,
)

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.frames import Intrinsics
from scenerep_ros.sources import open_source
from scenerep_ros.sources.options import SourceOptions
from scenerep_ros.sources.registry import list_recordings

COLOR, DEPTH = "/camera/rgb/image_color", "/camera/depth/image"
INFO = "/camera/rgb/camera_info"
FORMATS = ["ros1.bag", "sqlite", "mcap"]
COUNT = 12


@pytest.fixture(scope="module")
def bags(tmp_path_factory):
    """Folder with the same recording in each of FORMATS."""
    folder = tmp_path_factory.mktemp("bags")
    for name in FORMATS:
        write_bag(folder / name, COUNT)
    return folder


def copy_of(bag, folder):
    """Copy a bag; return the copy and its storage file."""
    path = folder / bag.name
    if bag.is_file():
        return Path(shutil.copy(bag, path)), path
    shutil.copytree(bag, path)
    return path, next(file for file in path.iterdir() if file.suffix in (".db3", ".mcap"))


@pytest.mark.parametrize("name", FORMATS)
def test_bag_of_each_format_yields_the_same_frames(bags, name):
    source = open_source(bags / name)
    assert source.format_name == ("ROS 1 bag" if name == "ros1.bag" else "rosbag2")
    frames = list(source)
    assert len(frames) == len(source) == COUNT
    assert [frame.name for frame in frames][9:] == ["000009", "000010", "000011"]
    assert source.rate == pytest.approx(1e9 / PERIOD, rel=0.1)
    for index, frame in enumerate(frames):
        depth_mm = depth_image(index)
        np.testing.assert_array_equal(frame.color, color_image(index))
        np.testing.assert_allclose(frame.depth[1:], depth_mm[1:] / 1000, rtol=1e-6)
        assert np.isnan(frame.depth[0, :2]).all()
        assert frame.stamp_ns == START + index * PERIOD
        assert frame.frame_id == "openni_rgb_optical_frame"
        assert frame.intrinsics == Intrinsics(500.0, 500.0, 15.5, 11.5)


@pytest.mark.parametrize("name", FORMATS)
def test_bag_with_suffix_in_capitals_is_read(bags, tmp_path, name):
    _, storage = copy_of(bags / name, tmp_path)
    capitals = storage.rename(tmp_path / f"RECORDING{storage.suffix.upper()}")
    assert len(list(open_source(capitals))) == COUNT


def test_rosbag2_folder_named_like_a_ros1_bag_is_read(bags, tmp_path):
    shutil.copytree(bags / "sqlite", tmp_path / "rec.bag")
    assert len(list(open_source(tmp_path / "rec.bag"))) == COUNT


def test_rosbag2_with_renamed_storage_file_is_read(bags, tmp_path):
    folder, storage = copy_of(bags / "mcap", tmp_path)
    storage.rename(storage.with_name("renamed.mcap"))
    assert len(list(open_source(folder))) == COUNT


def test_folder_of_one_bag_is_that_bag(bags, tmp_path):
    shutil.copy(bags / "ros1.bag", tmp_path)
    assert open_source(tmp_path).format_name == "ROS 1 bag"


def test_folder_of_several_bags_lists_them(bags, tmp_path):
    for name in ("monday", "tuesday"):
        copy, storage = copy_of(bags / "sqlite", tmp_path)
        shutil.move(storage, tmp_path / f"{name}.db3")
        shutil.rmtree(copy)
    with pytest.raises(SourceError, match=r"holds 2 recordings: monday.db3, tuesday.db3"):
        open_source(tmp_path)
    assert [path.name for path in list_recordings(tmp_path)] == ["monday.db3", "tuesday.db3"]


@pytest.mark.parametrize("name", ["sqlite", "mcap"])
def test_rosbag2_without_metadata_opens_its_storage_files(bags, tmp_path, name):
    folder, storage = copy_of(bags / name, tmp_path)
    (folder / "metadata.yaml").unlink()
    assert len(list(open_source(storage))) == COUNT
    assert len(list(open_source(folder))) == COUNT


def test_bag_reads_frames_by_any_index(bags):
    source = open_source(bags / "ros1.bag")
    for index in (2, 0, 1, 1, 11):
        assert source[index].name == f"{index:06d}"
    assert source[2].depth is not None
    assert source.color_frame(2).depth is None
    with pytest.raises(IndexError):
        source[COUNT]


def test_bag_reads_metric_depth_and_compressed_color(tmp_path):
    depth_m = np.full((24, 32), 1.5, np.float32)
    depth_m[0, :3] = np.nan, np.inf, -1
    bgr = cv2.cvtColor(color_image(0), cv2.COLOR_RGB2BGR)
    with record(tmp_path / "mcap") as bag:
        bag.compressed(f"{COLOR}/compressed", START, cv2.imencode(".png", bgr)[1].tobytes())
        bag.image(DEPTH, START, depth_m, "32FC1")
    (frame,) = open_source(tmp_path / "mcap")
    np.testing.assert_array_equal(frame.color, color_image(0))
    assert np.isnan(frame.depth[0, :3]).all()
    assert (frame.depth[1:] == 1.5).all()
    assert frame.intrinsics is None


def test_bag_without_depth_yields_color_only(tmp_path):
    with record(tmp_path / "color.bag") as bag:
        bag.image("/webcam/image_raw", START, color_image(0)[..., ::-1], "bgr8")
    (frame,) = open_source(tmp_path / "color.bag")
    assert frame.depth is None
    np.testing.assert_array_equal(frame.color, color_image(0))


@pytest.mark.parametrize("delay", [-200_000_000, 200_000_000])
def test_bag_pairs_depth_recorded_before_or_after_its_color(tmp_path, delay):
    with record(tmp_path / "late.bag") as bag:
        for index in range(8):
            stamp = START + index * PERIOD
            bag.image(COLOR, stamp, color_image(index), "rgb8")
            bag.image(DEPTH, stamp + 1, depth_image(index), "16UC1", time=stamp + delay)
    frames = list(open_source(tmp_path / "late.bag"))
    assert len(frames) == 8
    for index, frame in enumerate(frames):
        np.testing.assert_allclose(frame.depth[2], depth_image(index)[2] / 1000, rtol=1e-6)


def test_bag_color_without_depth_is_skipped(tmp_path):
    with record(tmp_path / "gap.bag") as bag:
        for index in range(4):
            stamp = START + index * PERIOD
            bag.image(COLOR, stamp, color_image(index), "rgb8")
            if index != 2:
                bag.image(DEPTH, stamp + 5_000_000, depth_image(index), "16UC1")
    source = open_source(tmp_path / "gap.bag")
    assert [frame.name for frame in source] == ["000000", "000001", "000003"]
    (skipped,) = source.skipped
    assert skipped.name == "000002"
    assert "depth topic /camera/depth/image: no readable message within 20 ms" in skipped.reason
    with pytest.raises(FrameError, match="within 20 ms"):
        source[2]


def test_bag_with_wrong_depth_encoding_reports_it(tmp_path):
    with record(tmp_path / "mcap") as bag:
        bag.image(COLOR, START, color_image(0), "rgb8")
        bag.image(DEPTH, START, color_image(0)[..., 0], "8UC1")
    source = open_source(tmp_path / "mcap")
    assert list(source) == []
    assert source.skipped[0].reason == (
        "depth topic /camera/depth/image: encoding 8UC1, expected 16UC1 (mm) or 32FC1 (m)"
    )


def test_bag_depth_of_other_size_is_skipped(tmp_path):
    with record(tmp_path / "mcap") as bag:
        bag.image(COLOR, START, color_image(0), "rgb8")
        bag.image(DEPTH, START, depth_image(0, (12, 16)), "16UC1")
    source = open_source(tmp_path / "mcap")
    assert list(source) == []
    assert "depth is 16x12 but" in source.skipped[0].reason


def test_bag_with_damaged_compressed_image_skips_it(tmp_path):
    with record(tmp_path / "mcap") as bag:
        bag.compressed("/image/compressed", START, b"\xff\xd8 no jpeg")
    source = open_source(tmp_path / "mcap")
    assert list(source) == []
    assert "color topic /image/compressed: image is truncated" in source.skipped[0].reason


def test_bag_of_uncalibrated_camera_has_no_intrinsics(tmp_path, caplog):
    with record(tmp_path / "ros1.bag") as bag:
        bag.info("/camera/rgb/camera_info", START, fx=0.0)
        bag.image(COLOR, START, color_image(0), "rgb8")
    (frame,) = open_source(tmp_path / "ros1.bag")
    assert frame.intrinsics is None
    assert "focal lengths are 0" in caplog.text


def test_bag_with_unregistered_depth_logs_a_warning(tmp_path, caplog):
    with record(tmp_path / "mcap") as bag:
        bag.image("/camera/camera/color/image_raw", START, color_image(0), "rgb8")
        bag.frame_id = "camera_depth_optical_frame"
        bag.image("/camera/camera/depth/image_rect_raw", START, depth_image(0), "16UC1")
    assert len(list(open_source(tmp_path / "mcap"))) == 1
    assert "/camera/camera/depth/image_rect_raw may not be registered" in caplog.text


def test_bag_without_color_images_lists_its_topics(tmp_path):
    with record(tmp_path / "mcap") as bag:
        bag.info("/camera/rgb/camera_info", START)
    with pytest.raises(SourceError, match=r"no topic has color images.*/camera/rgb/camera_info"):
        open_source(tmp_path / "mcap")


@pytest.mark.parametrize(
    ("name", "share"),
    [
        (name, share)
        for name in FORMATS
        for share in (0.0, 0.02, 0.5, 0.95)
        if (name, share) != ("mcap", 0.95)
    ],
)
def test_truncated_bag_is_rejected(bags, tmp_path, name, share):
    path, storage = copy_of(bags / name, tmp_path)
    content = storage.read_bytes()
    storage.write_bytes(content[: int(share * len(content))])
    with pytest.raises(SourceError, match=r"cannot be read: .*if it is truncated"):
        open_source(path)


def test_mcap_truncated_after_its_messages_keeps_all_frames(bags, tmp_path):
    path, storage = copy_of(bags / "mcap", tmp_path)
    content = storage.read_bytes()
    storage.write_bytes(content[: int(0.95 * len(content))])
    source = open_source(path)
    assert len(list(source)) == COUNT
    assert not source.skipped


def test_bag_damaged_in_the_middle_keeps_the_frames_before(bags, tmp_path):
    path, storage = copy_of(bags / "ros1.bag", tmp_path)
    content = bytearray(storage.read_bytes())
    middle = slice(len(content) // 2, len(content) * 6 // 10)
    content[middle] = b"\xff" * (middle.stop - middle.start)
    storage.write_bytes(content)
    source = open_source(path)
    frames = list(source)
    assert 0 < len(frames) < COUNT
    for index in range(COUNT // 3):
        np.testing.assert_array_equal(frames[index].color, color_image(index))
    assert "ends after" in source.skipped[-1].reason


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("seed", range(6))
def test_bag_damaged_anywhere_fails_or_skips_frames(bags, tmp_path, name, seed):
    path, storage = copy_of(bags / name, tmp_path)
    content = bytearray(storage.read_bytes())
    for start in np.random.default_rng(seed).integers(0, len(content) - 99, 9):
        content[start : start + 99] = b"\xff" * 99
    storage.write_bytes(content)
    with contextlib.suppress(SourceError):
        source = open_source(path)
        missing = COUNT - len(list(source))
        ends_early = source.skipped and "ends after" in source.skipped[-1].reason
        assert len(source.skipped) == missing or ends_early


@pytest.mark.parametrize(
    ("field", "damaged", "frames"),
    [("x_offset", "x_offseT", COUNT), ("float64[9] k", "float32[9] k", COUNT), ("step", "stop", 0)],
)
def test_mcap_with_damaged_definition_skips_its_messages(bags, tmp_path, field, damaged, frames):
    path, storage = copy_of(bags / "mcap", tmp_path)
    content = storage.read_bytes()
    assert field.encode() in content
    storage.write_bytes(content.replace(field.encode(), damaged.encode()))
    source = open_source(path)
    decoded = list(source)
    assert len(decoded) == frames
    assert len(source.skipped) == COUNT - frames
    assert all(frame.intrinsics is None for frame in decoded)


def test_file_with_bag_suffix_but_other_content_is_rejected(tmp_path):
    for name in ("text.bag", "text.mcap", "text.db3"):
        (tmp_path / name).write_text("This is no bag, whatever its name says." * 100)
        with pytest.raises(SourceError, match=f"{name}: cannot be read"):
            open_source(tmp_path / name)


def test_bag_preserves_real_frames(tum_folder, tmp_path):
    folder = open_source(tum_folder)
    with record(tmp_path / "ros1.bag") as bag:
        for index in range(3):
            frame = folder[index]
            bag.image(COLOR, frame.stamp_ns, frame.color, "rgb8")
            bag.image(DEPTH, frame.stamp_ns, frame.depth, "32FC1")
    for index, frame in enumerate(open_source(tmp_path / "ros1.bag")):
        np.testing.assert_array_equal(frame.color, folder[index].color)
        np.testing.assert_array_equal(frame.depth, folder[index].depth)
        assert frame.stamp_ns == folder[index].stamp_ns


def write_depth_camera(path, write_depth):
    """Write a bag of three color images and what `write_depth` adds at each stamp."""
    with record(path) as bag:
        for index in range(3):
            stamp = START + index * PERIOD
            bag.image("/cam/color/image_raw", stamp, color_image(index), "rgb8")
            write_depth(bag, stamp, depth_image(index))
    return open_source(path)


def as_png(header):
    return lambda depth: header + cv2.imencode(".png", depth)[1].tobytes()


@pytest.mark.parametrize(
    ("transport", "image_format", "encode"),
    [
        ("compressedDepth", "16UC1; compressedDepth png", as_png(bytes(12))),
        ("compressedDepth", "16UC1; compressedDepth", as_png(bytes(12))),
        ("compressed", "16UC1; png compressed ", as_png(b"")),
        ("compressed", "png", as_png(b"")),
    ],
)
@pytest.mark.parametrize("name", ["ros1.bag", "mcap"])
def test_bag_reads_compressed_depth(tmp_path, name, transport, image_format, encode):
    source = write_depth_camera(
        tmp_path / name,
        lambda bag, stamp, depth: bag.compressed(
            f"/cam/depth/image_raw/{transport}", stamp, encode(depth), image_format
        ),
    )
    frames = list(source)
    assert len(frames) == 3
    np.testing.assert_allclose(frames[2].depth[1:], depth_image(2)[1:] / 1000, rtol=1e-6)


def test_bag_of_realsense_viewer_uses_its_depth(tmp_path):
    """Its topics are below /device_0, and depth is mono16."""
    with record(tmp_path / "viewer.bag") as bag:
        bag.info("/device_0/sensor_0/Depth_0/info/camera_info", START, fx=400.0)
        bag.info("/device_0/sensor_1/Color_0/info/camera_info", START, fx=600.0)
        bag.image("/device_0/sensor_1/Color_0/image/data", START, color_image(0), "rgb8")
        bag.image("/device_0/sensor_0/Depth_0/image/data", START, depth_image(0), "mono16")
    (frame,) = open_source(tmp_path / "viewer.bag")
    np.testing.assert_array_equal(frame.color, color_image(0))
    np.testing.assert_allclose(frame.depth[1:], depth_image(0)[1:] / 1000, rtol=1e-6)
    assert frame.intrinsics.fx == 600.0


def test_bag_of_two_cameras_reads_one_and_names_the_other(tmp_path, caplog):
    path = tmp_path / "mcap"
    with record(path) as bag:
        for camera in ("front", "rear"):
            bag.info(f"/{camera}/color/camera_info", START)
            bag.image(f"/{camera}/color/image_raw", START, color_image(0), "rgb8")
        bag.image("/rear/depth/image_raw", START, depth_image(0), "16UC1")
    topics = open_source(path).topics
    assert (topics.color, topics.depth) == ("/rear/color/image_raw", "/rear/depth/image_raw")
    assert "other cameras /front are left out" in caplog.text
    front = open_source(path, SourceOptions(camera="front")).topics
    assert (front.color, front.depth) == ("/front/color/image_raw", None)
    assert front.camera_info == "/front/color/camera_info"
    with pytest.raises(SourceError, match="no camera /frnt: did you mean front"):
        open_source(path, SourceOptions(camera="/frnt"))


def test_bag_options_choose_topics_and_slop(tmp_path):
    path = write_bag(tmp_path / "mcap", depth_delay=10_000_000)
    assert len(list(open_source(path))) == 4
    assert list(open_source(path, SourceOptions(sync_slop_ns=5_000_000))) == []
    color_only = open_source(path, SourceOptions(use_depth=False))
    assert [frame.depth for frame in color_only] == [None] * 4
    with pytest.raises(SourceError, match="no topic /no/image with messages"):
        open_source(path, SourceOptions(color_topic="/no/image"))
    optional = SourceOptions(color_topic="/no/image", are_topics_required=False)
    assert open_source(path, optional).topics.color == COLOR


@pytest.mark.parametrize(
    ("choice", "topic"),
    [("color_topic", INFO), ("depth_topic", INFO), ("camera_info_topic", COLOR)],
)
def test_bag_refuses_a_chosen_topic_of_another_type(tmp_path, choice, topic):
    path = write_bag(tmp_path / "mcap")
    with pytest.raises(SourceError, match=rf"no topic {topic} with messages of sensor_msgs"):
        open_source(path, SourceOptions(**{choice: topic}))


@pytest.mark.parametrize("time", [0, 2**62, START - 10**15])
def test_bag_with_one_wild_message_time_keeps_its_rate(tmp_path, time):
    with record(tmp_path / "mcap") as bag:
        bag.text("/chatter", time)
        for index in range(6):
            bag.image(COLOR, START + index * PERIOD, color_image(index), "rgb8")
    source = open_source(tmp_path / "mcap")
    assert source.rate == pytest.approx(1e9 / PERIOD, rel=1e-3)
    assert len(list(source)) == 6


@pytest.mark.parametrize("wild", [0, 1, START + 10**17, (2**31 - 1) * 10**9])
@pytest.mark.parametrize("position", [0, 2, 5])
def test_bag_with_one_wild_stamp_keeps_all_frames(tmp_path, wild, position):
    with record(tmp_path / "mcap") as bag:
        for index in range(6):
            time = START + index * PERIOD
            stamp = wild if index == position else time
            bag.image(COLOR, stamp, color_image(index), "rgb8", time=time + 3_000_000)
            bag.image(DEPTH, stamp, depth_image(index), "16UC1", time=time + 3_000_001)
    source = open_source(tmp_path / "mcap")
    frames = list(source)
    assert len(frames) == 6
    stamps = [frame.stamp_ns for frame in frames]
    np.testing.assert_allclose(stamps, START + PERIOD * np.arange(6), atol=4_000_000, rtol=0)
    assert source.rate == pytest.approx(1e9 / PERIOD, rel=0.1)


def test_bag_of_a_camera_whose_clock_was_set(tmp_path):
    with record(tmp_path / "mcap") as bag:
        for index in range(12):
            time = START + index * PERIOD
            stamp = time + (10**15 if index >= 6 else 0)
            bag.image(COLOR, stamp, color_image(index), "rgb8", time=time)
    stamps = [frame.stamp_ns for frame in open_source(tmp_path / "mcap")]
    assert stamps[:6] == [START + index * PERIOD for index in range(6)]
    assert stamps[8:] == [START + index * PERIOD + 10**15 for index in range(8, 12)]


@pytest.mark.parametrize("encoding", ["yuv422_yuy2", "uyvy"])
def test_bag_reads_yuv_color(tmp_path, encoding):
    stored = np.full((24, 32, 2), 128, np.uint8)
    with record(tmp_path / "mcap") as bag:
        bag.image(COLOR, START, stored, encoding)
    (frame,) = open_source(tmp_path / "mcap")
    np.testing.assert_allclose(frame.color, 130, atol=3)


def test_bag_with_a_huge_record_allocates_no_memory(bags, tmp_path):
    """The first record of an MCAP announces more bytes than any machine has."""
    (file,) = (bags / "mcap").glob("*.mcap")
    content = bytearray(file.read_bytes())
    content[9:17] = (2**62).to_bytes(8, "little")
    (tmp_path / "a.mcap").write_bytes(content)
    with pytest.raises(SourceError, match="cannot be read") as error:
        open_source(tmp_path / "a.mcap")
    assert "MemoryError" not in str(error.value)
