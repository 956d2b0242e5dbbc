"""Camera poses of bags from their transforms."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest
from recordings import PERIOD, START, color_image, depth_image, record, write_bag

from scenerep_ros.mapping.poses.bag_poses import read_transforms, with_transforms
from scenerep_ros.sources import open_source

OPTICAL_FRAME = "/openni_rgb_optical_frame"


def write_moving_bag(path, count=4):
    """Write a bag of a camera that moves by 1 cm a frame, with transforms between the images."""
    with record(path) as bag:
        bag.transform("/tf_static", START, "base", OPTICAL_FRAME[1:], (0, 0, 0.5))
        for index in range(count):
            stamp = START + index * PERIOD
            bag.transform("/tf", stamp - PERIOD // 2, "odom", "base", (0.01 * index - 0.005, 0, 0))
            bag.info("/camera/rgb/camera_info", stamp)
            bag.image("/camera/rgb/image_color", stamp, color_image(index), "rgb8")
            bag.image("/camera/depth/image", stamp, depth_image(index), "16UC1")
    return path


@pytest.mark.parametrize("name", ["mcap", "db3"])
def test_frames_of_a_bag_have_the_poses_of_its_transforms(tmp_path, name):
    path = write_moving_bag(tmp_path / name)
    frames = list(with_transforms(open_source(path)))
    positions = [frame.pose[:3, 3] for frame in frames[:-1]]
    np.testing.assert_allclose(positions, [(0.01 * i, 0, 0.5) for i in range(3)], atol=1e-6)
    assert frames[-1].pose is None  # no later transform


def test_bag_alone_in_a_folder_has_poses(tmp_path):
    write_moving_bag(tmp_path / "folder" / "mcap")
    frames = with_transforms(open_source(tmp_path / "folder"))
    assert [frame.pose is not None for frame in frames] == [True, True, True, False]


def test_damaged_transform_is_left_out(tmp_path):
    path = write_moving_bag(tmp_path / "db3")
    (storage,) = path.glob("*.db3")
    second = (
        "SELECT m.id FROM messages m JOIN topics t ON topic_id = t.id WHERE name = '/tf' LIMIT 1, 1"
    )
    with closing(sqlite3.connect(storage)) as database, database:
        database.execute(f"UPDATE messages SET data = substr(data, 1, 20) WHERE id = ({second})")
    poses = [frame.pose for frame in with_transforms(open_source(path))]
    positions = [pose[:3, 3] for pose in poses[:-1]]
    np.testing.assert_allclose(positions, [(0.01 * i, 0, 0.5) for i in range(3)], atol=1e-6)


def test_bag_without_transforms_has_no_poses(tmp_path):
    path = write_bag(tmp_path / "plain.bag")
    source = open_source(path)
    assert read_transforms(path) is None
    assert with_transforms(source) is source
