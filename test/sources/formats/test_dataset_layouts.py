"""Layouts of public data sets: BOP, ScanNet, Replica, ICL-NUIM, and one folder a frame."""

import json
import shutil

import numpy as np
import pytest
from recordings import color_image, depth_image, write_image

from scenerep_ros.errors import SourceError
from scenerep_ros.frames import KINECT, Intrinsics
from scenerep_ros.sources import open_source

POSE = np.array([[0.0, -1, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]])
"""Pose of a camera that is turned about its optical axis."""


def write_images(folder, color_name, depth_name, count=3):
    for index in range(count):
        write_image(folder / color_name.format(index), color_image(index))
        write_image(folder / depth_name.format(index), depth_image(index))


def check_depth(source, scale, count=3):
    frames = list(source)
    assert len(frames) == count
    for index, frame in enumerate(frames):
        np.testing.assert_array_equal(frame.color, color_image(index))
        np.testing.assert_allclose(frame.depth[1:], depth_image(index)[1:] * scale, rtol=1e-5)
    return frames


@pytest.fixture
def bop(tmp_path):
    write_images(tmp_path, "rgb/{:06d}.png", "depth/{:06d}.png")
    inverse = np.linalg.inv(POSE)
    cameras = {
        str(index): {
            "cam_K": [500.0 + index, 0, 15.5, 0, 501.0, 11.5, 0, 0, 1],
            "depth_scale": 0.1,
            "cam_R_w2c": inverse[:3, :3].ravel().tolist(),
            "cam_t_w2c": (inverse[:3, 3] * 1000).tolist(),
        }
        for index in range(3)
    }
    (tmp_path / "scene_camera.json").write_text(json.dumps(cameras))
    for name, value in (("000000_000000", slice(0, 4)), ("000000_000001", slice(6, 9))):
        mask = np.zeros((24, 32), np.uint8)
        mask[value] = 255
        write_image(tmp_path / "mask_visib" / f"{name}.png", mask)
    return tmp_path


def test_bop_scene_reads_camera_unit_pose_and_masks(bop):
    source = open_source(bop)
    assert source.format_name == "BOP scene"
    frames = check_depth(source, 0.0001)
    assert [frame.intrinsics.fx for frame in frames] == [500.0, 501.0, 502.0]
    np.testing.assert_allclose(frames[1].pose, POSE, atol=1e-9)
    truth = source.ground_truth(0)
    assert [truth[row, 0] for row in (0, 5, 7)] == [1, 0, 2]
    assert source.ground_truth(1) is None


def test_bop_image_whose_name_is_no_number_is_left_out(bop):
    for folder in ("rgb", "depth"):
        shutil.copy(bop / folder / "000000.png", bop / folder / "².png")
    check_depth(open_source(bop), 0.0001)


@pytest.mark.parametrize("content", ["", "[]", '{"a": 1}', '{"0": {}}', '{"0": {"cam_K": [0]}}'])
def test_bop_scene_with_damaged_cameras_is_rejected(bop, content):
    (bop / "scene_camera.json").write_text(content)
    with pytest.raises(SourceError, match="scene_camera"):
        open_source(bop)


@pytest.mark.parametrize("rotation", [None, [1.0, 0.0], "lost"])
def test_bop_scene_with_an_unusable_pose_has_none(bop, rotation):
    cameras = json.loads((bop / "scene_camera.json").read_text())
    cameras["0"] |= {
        "cam_R_w2c": rotation,
        "cam_K": [[500.0, 0, 15.5], [0, 501.0, 11.5], [0, 0, 1]],
    }
    (bop / "scene_camera.json").write_text(json.dumps(cameras))
    frame = open_source(bop)[0]
    assert frame.pose is None
    assert frame.intrinsics == Intrinsics(500.0, 501.0, 15.5, 11.5)
    cameras["0"]["depth_scale"] = "millimeters"
    (bop / "scene_camera.json").write_text(json.dumps(cameras))
    with pytest.raises(SourceError, match="depth_scale = 'millimeters'"):
        open_source(bop)


def test_scannet_scene_registers_depth_to_reduced_color(tmp_path):
    for index in range(2):
        large = np.repeat(np.repeat(color_image(index), 2, axis=0), 2, axis=1)
        write_image(tmp_path / "color" / f"{index}.png", large)
        write_image(tmp_path / "depth" / f"{index}.png", depth_image(index))
    camera = np.diag([100.0, 100.0, 1, 1])
    camera[:2, 2] = 15.5, 11.5
    color_camera = np.diag([200.0, 200.0, 1, 1])
    color_camera[:2, 2] = 31.5, 23.5
    (tmp_path / "intrinsic").mkdir()
    np.savetxt(tmp_path / "intrinsic" / "intrinsic_depth.txt", camera)
    np.savetxt(tmp_path / "intrinsic" / "intrinsic_color.txt", color_camera)
    (tmp_path / "pose").mkdir()
    np.savetxt(tmp_path / "pose" / "0.txt", POSE)
    (tmp_path / "pose" / "1.txt").write_text("-inf -inf -inf -inf\n" * 4)
    source = open_source(tmp_path)
    assert source.format_name == "ScanNet scene"
    frames = check_depth(source, 0.001, count=2)
    assert frames[0].intrinsics == Intrinsics(100.0, 100.0, 15.5, 11.5)
    np.testing.assert_array_equal(frames[0].pose, POSE)
    assert frames[1].pose is None
    for name in ("color", "depth"):  # as in the frames of the benchmark
        (tmp_path / "intrinsic" / f"intrinsic_{name}.txt").rename(
            tmp_path / f"intrinsics_{name}.txt"
        )
    check_depth(open_source(tmp_path), 0.001, count=2)
    (tmp_path / "intrinsics_depth.txt").unlink()
    with pytest.raises(SourceError, match=r"intrinsic_depth\.txt: cannot be read"):
        open_source(tmp_path)


def test_replica_sequence_reads_unit_camera_and_poses(tmp_path):
    sequence = tmp_path / "room0"
    write_images(sequence / "results", "frame{:06d}.png", "depth{:06d}.png")
    lines = [" ".join(map(str, POSE.ravel())), "not a pose"]
    (sequence / "traj.txt").write_text("\n".join(lines))
    source = open_source(sequence)
    assert source.format_name == "Replica sequence"
    assert source[0].intrinsics == Intrinsics(600.0, 600.0, 599.5, 339.5)
    frames = check_depth(source, 1 / 6553.5)
    np.testing.assert_array_equal(frames[0].pose, POSE)
    assert frames[1].pose is frames[2].pose is None
    camera = {"fx": 10.0, "fy": 11.0, "cx": 12.0, "cy": 13.0, "scale": 1000.0}
    (tmp_path / "cam_params.json").write_text(json.dumps({"camera": camera}))
    assert open_source(sequence)[0].intrinsics == Intrinsics(10.0, 11.0, 12.0, 13.0)
    for content in ({}, {"camera": camera | {"scale": -1}}):
        (tmp_path / "cam_params.json").write_text(json.dumps(content))
        with pytest.raises(SourceError, match=r"cam_params\.json: cannot be read"):
            open_source(sequence)


@pytest.mark.parametrize("is_depth_first", [False, True])
def test_association_folder_reads_pairs_in_either_order(tmp_path, is_depth_first):
    write_images(tmp_path, "rgb/{}.png", "depth/{}.png")
    names = ("depth", "rgb") if is_depth_first else ("rgb", "depth")
    rows = [
        " ".join(f"{1305031452 + index / 30:.6f} {name}/{index}.png" for name in names)
        for index in range(3)
    ]
    (tmp_path / "associations.txt").write_text("\n".join([*rows, "1305031453 rgb/9.png"]))
    source = open_source(tmp_path)
    assert source.format_name == "association folder"
    frames = check_depth(source, 1 / 5000)
    assert frames[0].intrinsics == KINECT
    assert source.rate == pytest.approx(30, rel=0.01)


def test_association_folder_tells_depth_by_its_content(tmp_path):
    write_images(tmp_path, "a/{}.png", "b/{}.png")
    rows = [f"{index / 10:.2f} b/{index}.png {index / 10:.2f} a/{index}.png" for index in range(3)]
    (tmp_path / "associate.txt").write_text("\n".join(rows))
    check_depth(open_source(tmp_path), 1 / 5000)


@pytest.mark.parametrize(
    ("list_name", "row"),
    [
        ("Associations.txt", "{stamp} rgb/{index}.png {stamp} depth/{index}.png"),
        ("rgbd_assoc.txt", "{stamp},rgb/{index}.png,{stamp},depth/{index}.png"),
        ("assoc.txt", "{stamp} 0 0 1 0 0 0 1 {stamp} rgb/{index}.png {stamp} depth/{index}.png"),
        ("assoc.txt", "{stamp} rgb/{index}.png {stamp} depth/{index}.png {stamp} 0 0 1 0 0 0 1"),
        ("assoc.txt", "{stamp} /home/a/rgb/{index}.png {stamp} /home/a/depth/{index}.png"),
        ("assoc.txt", "{stamp} my rgb/im {index}.png {stamp} my depth/im {index}.png"),
    ],
)
def test_association_folder_reads_lists_of_other_tools(tmp_path, list_name, row):
    rows = [row.format(stamp=f"{index / 10:.6f}", index=index) for index in range(3)]
    names = (
        ("my rgb/im {}.png", "my depth/im {}.png")
        if "my" in row
        else ("rgb/{}.png", "depth/{}.png")
    )
    write_images(tmp_path, *names)
    (tmp_path / list_name).write_text("\n".join(rows))
    source = open_source(tmp_path)
    assert source.format_name == "association folder"
    check_depth(source, 1 / 5000)


def test_icl_nuim_reads_its_camera_and_mirrored_poses(tmp_path):
    write_images(tmp_path, "rgb/{}.png", "depth/{}.png")
    rows = [f"{index} depth/{index}.png {index} rgb/{index}.png" for index in range(3)]
    (tmp_path / "associations.txt").write_text("\n".join(rows))
    poses = [f"{index} 1 2 3 0 0 0.70710678 0.70710678" for index in range(2)]
    (tmp_path / "livingRoom0.gt.freiburg").write_text("\n".join(poses))
    source = open_source(tmp_path)
    frames = check_depth(source, 1 / 5000)
    assert frames[0].intrinsics == Intrinsics(481.2, 480.0, 319.5, 239.5)
    assert source.rate == pytest.approx(30)
    rotation = frames[1].pose[:3, :3]
    assert np.linalg.det(rotation) == pytest.approx(1)
    np.testing.assert_allclose(frames[1].pose[:3, 3], [1, -2, 3])
    assert frames[2].pose is None


def test_folder_of_frame_folders_names_frames_by_folder(tmp_path):
    for index in (10, 9):
        folder = tmp_path / f"view_{index}"
        write_image(folder / "rgb.png", color_image(index))
        write_image(folder / "depth.png", depth_image(index))
        write_image(folder / "label.png", np.full((24, 32), index, np.uint8))
    source = open_source(tmp_path)
    assert source.format_name == "folder of frame folders"
    assert [frame.name for frame in source] == ["view_9_rgb", "view_10_rgb"]
    np.testing.assert_allclose(source[0].depth[1:], depth_image(9)[1:] / 1000, rtol=1e-6)
    assert source.ground_truth(1).max() == 10


def test_folder_of_image_folders_is_no_recording(tmp_path):
    for name in ("cats", "dogs"):
        write_image(tmp_path / name / "1.png", color_image(0))
    with pytest.raises(SourceError, match="holds 2 recordings: cats, dogs"):
        open_source(tmp_path)


@pytest.mark.parametrize(
    ("color_name", "depth_name"),
    [
        ("Color/A1.PNG", "Depth/A1.PNG"),
        ("RGB/IMG_1.png", "DEPTH/img_1.png"),
        ("rgb/rgb_0001.png", "depth/depth_0001.png"),
        ("color/0001-color.png", "depth/0001-depth.png"),
        ("rgb/1_rgb_image.png", "depth/1_aligned_depth.png"),
        ("images/0001.png", "depths/0001.png"),
        ("image/7.jpg", "depth/0007.png"),
        ("rgb/0.png", "depth-registered/0.png"),
    ],
)
def test_rgbd_folder_pairs_names_of_other_tools(tmp_path, color_name, depth_name):
    for name, image in ((color_name, color_image(0)), (depth_name, depth_image(0))):
        path = tmp_path / name
        write_image(path.with_suffix(".png"), image).rename(path)
    source = open_source(tmp_path)
    assert source.format_name == "RGB-D folder"
    check_depth(source, 0.001, count=1)


@pytest.mark.parametrize(
    ("color_name", "depth_name", "label_name"),
    [
        ("{:06d}-color.png", "{:06d}-depth.png", "{:06d}-label.png"),
        ("color_{}.png", "depth_{}.png", "mask_{}.png"),
        ("frame-{:06d}.color.png", "frame-{:06d}.depth.pgm", "frame-{:06d}.label.png"),
        ("{}.png", "{}_depth.png", "{}_mask.png"),
    ],
)
def test_folder_of_paired_images_reads_depth(tmp_path, color_name, depth_name, label_name):
    write_images(tmp_path, color_name, depth_name)
    write_image(tmp_path / label_name.format(1), np.full((24, 32), 5, np.uint8))
    source = open_source(tmp_path)
    assert source.format_name == "folder of paired images"
    check_depth(source, 0.001)
    assert source.ground_truth(0) is None
    assert (source.ground_truth(1) == 5).all()


def test_image_folder_with_the_word_depth_keeps_all_images(tmp_path):
    for index, name in enumerate(["depth_of_field.png", "shallow_depth.png", "portrait.png"]):
        write_image(tmp_path / name, color_image(index))
    source = open_source(tmp_path)
    assert (source.format_name, len(list(source))) == ("image folder", 3)
