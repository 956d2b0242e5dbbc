"""TUM folders: association, metric depth, poses, masks and malformed files."""

import contextlib
import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import color_image, depth_image, write_image, write_tum

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.frames import KINECT, Intrinsics
from scenerep_ros.sources import open_source

FIRST = "1305031229.100000"


@pytest.fixture
def folder(tmp_path):
    return write_tum(tmp_path / "sequence")


def test_tum_folder_yields_color_metric_depth_and_stamps(folder):
    source = open_source(folder)
    assert (source.format_name, source.name, len(source)) == ("TUM folder", "sequence", 4)
    assert source.rate == pytest.approx(1 / 0.033)
    frames = list(source)
    assert [frame.stamp_ns for frame in frames[:2]] == [1305031229100000000, 1305031229133000000]
    for index, frame in enumerate(frames):
        np.testing.assert_array_equal(frame.color, color_image(index))
        np.testing.assert_allclose(frame.depth[1:], depth_image(index)[1:] / 5000, rtol=1e-6)
        assert np.isnan(frame.depth[0, :2]).all()
    assert frames[0].name == FIRST
    assert frames[0].intrinsics == KINECT
    assert frames[0].pose is None
    assert source.ground_truth(0) is None
    with pytest.raises(IndexError):
        source[4]


def test_tum_folder_reads_a_real_sequence(tum_folder):
    source = open_source(tum_folder)
    frame = source[40]
    assert len(source) == 80
    assert source.rate == pytest.approx(30, abs=1)
    assert 0.5 < np.nanmedian(frame.depth) < 3
    assert 0.01 < np.isnan(frame.depth).mean() < 0.5
    np.testing.assert_allclose(frame.pose[:3, :3] @ frame.pose[:3, :3].T, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(frame.pose[:3, 3], [1.3, 0.7, 1.6], atol=0.3)


def test_color_frame_with_missing_depth_file_is_read(folder):
    source = open_source(folder)
    (folder / "depth" / f"{float(FIRST) + 0.004:.6f}.png").unlink()
    with pytest.raises(FrameError, match=r"depth/.*No such file"):
        source[0]
    frame = source.color_frame(0)
    np.testing.assert_array_equal(frame.color, color_image(0))
    assert frame.depth is None
    assert frame.intrinsics == KINECT


def test_with_poses_replaces_the_poses_of_a_copy(folder):
    source, pose = open_source(folder), np.eye(4)
    posed = source.with_poses([None, pose, pose, pose])
    assert [frame.pose is None for frame in posed] == [True, False, False, False]
    np.testing.assert_array_equal(posed[1].color, source[1].color)
    assert source[1].pose is None


def test_tum_color_without_depth_in_time_is_left_out(folder, caplog):
    lines = (folder / "depth.txt").read_text().splitlines()
    (folder / "depth.txt").write_text("\n".join([*lines[:2], *lines[3:]]))
    source = open_source(folder)
    assert [frame.stamp_ns % 10**9 for frame in source] == [100000000, 166000000, 199000000]
    assert "1 of 4 color images have no depth image within 20 ms" in caplog.text


def test_tum_lists_of_unrelated_clocks_are_rejected(tmp_path):
    with pytest.raises(SourceError, match="none of 4 color and 4 depth images are within 20 ms"):
        open_source(write_tum(tmp_path, offset=100.0))


def test_tum_frame_with_missing_depth_file_is_skipped(folder):
    (folder / "depth" / "1305031229.137000.png").unlink()
    source = open_source(folder)
    assert len(list(source)) == 3
    (skipped,) = source.skipped
    assert skipped.name == "1305031229.133000"
    assert "depth/1305031229.137000.png: cannot be read: No such file" in skipped.reason
    assert len(source) == 4
    list(source)
    assert len(source.skipped) == 1


def test_tum_frames_with_corrupt_images_are_skipped(folder):
    for path in (folder / "rgb" / f"{FIRST}.png", folder / "depth" / "1305031229.137000.png"):
        path.write_bytes(path.read_bytes()[:-200])
    source = open_source(folder)
    assert len(list(source)) == 2
    assert all(".png: image is" in skipped.reason for skipped in source.skipped)
    with pytest.raises(FrameError, match=r"100000.png: image is truncated"):
        source[0]


def test_tum_frame_with_depth_of_other_size_is_skipped(folder):
    write_image(folder / "depth" / "1305031229.104000.png", depth_image(0, (12, 16)))
    source = open_source(folder)
    assert len(list(source)) == 3
    assert "depth is 16x12 but" in source.skipped[0].reason


def test_eight_bit_depth_is_rejected(folder):
    visualization = depth_image(0).astype(np.uint8)
    write_image(folder / "depth" / "1305031229.104000.png", visualization)
    with pytest.raises(FrameError, match="depth of 8 bits, expected 16"):
        open_source(folder)[0]


def test_tum_poses_are_interpolated_at_color_stamps(folder):
    """Halfway between two poses a quarter turn apart, the camera has turned by an eighth."""
    (folder / "groundtruth.txt").write_text(
        "# timestamp tx ty tz qx qy qz qw\n"
        "1305031229.0500 0 0 0 0 0 0 1\n"
        "1305031229.1500 2 4 6 0 0 0.70710678 0.70710678\n"
    )
    source = open_source(folder)
    pose = source[0].pose
    np.testing.assert_allclose(pose[:3, 3], [1, 2, 3], atol=1e-6)
    np.testing.assert_allclose(pose[:3, 0], [np.sqrt(0.5), np.sqrt(0.5), 0], atol=1e-6)
    np.testing.assert_array_equal(pose[3], [0, 0, 0, 1])
    assert source[2].pose is None


def test_tum_masks_are_ground_truth(folder):
    labels = np.arange(24 * 32, dtype=np.uint16).reshape(24, 32)
    write_image(folder / "masks" / "first.png", labels)
    (folder / "masks.txt").write_text(f"{FIRST} masks/first.png\n")
    source = open_source(folder)
    truth = source.ground_truth(0)
    assert truth.dtype == np.uint16
    np.testing.assert_array_equal(truth, labels)
    assert source.ground_truth(1) is None


def test_camera_file_overrides_the_default_calibration(folder):
    calibration = {"fx": 500.0, "fy": 501.0, "cx": 15.5, "cy": 11.5, "depth_scale": 0.001}
    (folder / "camera.json").write_text(json.dumps(calibration))
    frame = open_source(folder)[1]
    assert frame.intrinsics == Intrinsics(500.0, 501.0, 15.5, 11.5)
    np.testing.assert_allclose(frame.depth[1:], depth_image(1)[1:] / 1000, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rgb.txt", "now rgb/a.png", r"rgb.txt, line 1: 'now rgb/a.png': expected a stamp"),
        ("rgb.txt", "# only\nNaN rgb/a.png", r"rgb.txt, line 2.*expected a stamp"),
        ("depth.txt", "1305031229.1", r"depth.txt, line 1.*expected a stamp and a value"),
        ("depth.txt", "\x00\xff", r"depth.txt.*expected a stamp"),
    ],
)
def test_tum_list_without_any_valid_row_is_rejected(folder, name, content, message):
    (folder / name).write_text(content, encoding="latin-1")
    with pytest.raises(SourceError, match=message):
        open_source(folder)


@pytest.mark.parametrize(
    "content",
    [
        "1.0 0 0 0 0 0 0 1",
        "1 0 0 0\n2 0 0 0",
        "1305031229.0 0 0 0 0 0 0 0\n1305031230.0 0 0 0 0 0 0 0",
        "\x00\xff",
        "no pose at all",
    ],
)
def test_tum_folder_with_unusable_poses_has_none(folder, content, caplog):
    (folder / "groundtruth.txt").write_text(content, encoding="latin-1")
    assert [frame.pose for frame in open_source(folder)] == [None] * 4
    assert "groundtruth.txt" in caplog.text


@pytest.mark.parametrize(
    "lost",
    [
        "nan nan nan nan nan nan nan",
        "0 0 0 0 0 0 0",
        "lost",
        "1e300 0 0 0 0 0 1",
        "0 0 0 1e-200 0 0 0",
        "-1.#IND 0 0 0 0 0 1",
    ],
)
def test_tum_bad_pose_loses_the_poses_beside_it(folder, lost, caplog):
    good = [f"1305031229.{tenth}00 0 0 {tenth} 0 0 0 1" for tenth in (0, 1, 2)]
    (folder / "groundtruth.txt").write_text("\n".join([*good, f"1305031229.166 {lost}"]))
    poses = [frame.pose for frame in open_source(folder)]
    assert [pose is None for pose in poses] == [False, True, True, True]
    assert "1 of 4 rows are no poses" in caplog.text


UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


@pytest.mark.parametrize(
    ("unit", "start", "decimals"),
    [(unit, 1305031229.1, 3) for unit in UNITS]
    + [(unit, start, 0) for unit in ("ms", "us", "ns") for start in (1305031229.1, 0.0, 100.0)]
    + [("s", 0.0, 3), ("s", 100.0, 6)],
)
def test_tum_stamps_of_each_unit_are_recognized(folder, unit, start, decimals):
    for name in ("rgb", "depth"):
        files = sorted((folder / name).iterdir())
        stamps = [(start + index * 0.033) * UNITS[unit] for index in range(len(files))]
        rows = [
            f"{stamp:.{decimals}f} {name}/{file.name}"
            for stamp, file in zip(stamps, files, strict=True)
        ]
        (folder / f"{name}.txt").write_text("\n".join(rows))
    frames = list(open_source(folder))
    assert len(frames) == 4
    assert frames[3].stamp_ns - frames[0].stamp_ns == pytest.approx(99_000_000, abs=2_000_000)
    assert frames[0].stamp_ns == pytest.approx(start * 10**9, abs=10**6)
    assert open_source(folder).rate == pytest.approx(30.3, rel=0.05)


def test_tum_stamps_that_are_frame_numbers_are_recognized(folder):
    for name in ("rgb", "depth"):
        files = sorted((folder / name).iterdir())
        rows = [f"{index} {name}/{file.name}" for index, file in enumerate(files)]
        (folder / f"{name}.txt").write_text("\n".join(rows))
    assert open_source(folder).rate == pytest.approx(30)


def rewrite(folder, transform, encoding="utf-8"):
    """Apply a function to the text of both lists."""
    for name in ("rgb.txt", "depth.txt"):
        text = transform((folder / name).read_text())
        (folder / name).write_text(text, encoding=encoding)


def with_separator(separator):
    return lambda text: "\n".join(
        line if line.startswith("#") else line.replace(" ", separator) for line in text.splitlines()
    )


@pytest.mark.parametrize(
    ("transform", "encoding"),
    [
        (str, "utf-8-sig"),
        (str, "utf-16"),
        (lambda text: "timestamp filename\n" + text, "utf-8"),
        (lambda text: text.replace("\n", "\r\n"), "utf-8"),
        (lambda text: "\n\n  " + text.replace("\n", " \n\n"), "utf-8"),
        (lambda text: text.replace("/", "\\"), "utf-8"),
        (with_separator(","), "utf-8"),
        (with_separator(";"), "utf-8"),
        (with_separator("\t"), "utf-8"),
        (lambda text: text.replace(".png", ".png 0.5 further columns"), "utf-8"),
        (lambda text: text + "13050312", "utf-8"),
        (lambda text: text + "\0" * 4096, "utf-8"),
        (lambda text: text + f"1305031230 {'x' * 5000}.png", "utf-8"),
        (lambda text: text + "inf rgb/x.png\nnan rgb/y.png\n1e400 rgb/z.png\n", "utf-8"),
    ],
)
def test_tum_lists_of_other_tools_are_read(folder, transform, encoding):
    rewrite(folder, transform, encoding)
    assert len(list(open_source(folder))) == 4


def test_tum_names_with_blanks_are_read(folder):
    for name in ("rgb", "depth"):
        for path in list((folder / name).iterdir()):
            path.rename(path.with_name(f"my {path.name}"))
    rewrite(folder, lambda text: text.replace("rgb/", "rgb/my ").replace("depth/", "depth/my "))
    assert next(frame.name for frame in open_source(folder)) == f"my {FIRST}"


def test_tum_rows_of_equal_stamp_keep_all_frames(folder, caplog):
    rewrite(folder, lambda text: re.sub(r"^1305031229\.\d+", "1305031229.1", text, flags=re.M))
    source = open_source(folder)
    frames = list(source)
    assert len({frame.stamp_ns for frame in frames}) == len({frame.name for frame in frames}) == 4
    for index, frame in enumerate(frames):
        np.testing.assert_array_equal(frame.color, color_image(index))
        np.testing.assert_allclose(frame.depth[1:], depth_image(index)[1:] / 5000, rtol=1e-6)
    assert "3 of 4 rows repeat a stamp" in caplog.text


def test_tum_frames_of_one_folder_each_have_own_names(folder):
    text = {"rgb": "", "depth": ""}
    for name in text:
        for index, path in enumerate(sorted((folder / name).iterdir())):
            (folder / f"{index}").mkdir(exist_ok=True)
            path.rename(folder / f"{index}" / f"{name}.png")
            text[name] += f"{1305031229 + index / 30:.3f} {index}/{name}.png\n"
        (folder / f"{name}.txt").write_text(text[name])
    assert [frame.name for frame in open_source(folder)] == ["0_rgb", "1_rgb", "2_rgb", "3_rgb"]


@pytest.mark.parametrize("name", ["rgb.txt", "depth.txt"])
def test_empty_tum_list_is_named(folder, name):
    (folder / name).write_text("# timestamp filename\n")
    with pytest.raises(SourceError, match=f"{name}: lists no image"):
        open_source(folder)


CELLS = st.one_of(
    st.sampled_from(
        ["1305031229.1", "0", "-1", "1e30", "nan", "inf", "#", ",", ";", "\ufeff", "\x00"]
    ),
    st.sampled_from(["rgb/1305031229.100000.png", "0 0 0 0 0 0 1", "\\", "\udcff", '"a b"', ""]),
    st.integers().map(str),
    st.floats().map(str),
    st.text(max_size=5),
)
LISTS = st.lists(st.lists(CELLS, max_size=9).map(" ".join), max_size=8).map("\n".join)


@settings(max_examples=50)
@given(colors=LISTS, depths=LISTS, poses=LISTS)
def test_tum_lists_of_any_text_open_or_are_rejected(tmp_path_factory, colors, depths, poses):
    folder = tmp_path_factory.mktemp("lists")
    for name, text in (("rgb", colors), ("depth", depths), ("groundtruth", poses)):
        (folder / f"{name}.txt").write_bytes(text.encode("utf-8", "surrogatepass"))
    with contextlib.suppress(SourceError):
        source = open_source(folder)
        assert list(source) == []
        assert source.rate > 0
