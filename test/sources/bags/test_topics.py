"""Choice of a camera's topics among the topics of a bag."""

import pytest

from scenerep_ros.errors import SourceError
from scenerep_ros.sources.bags.topics import CAMERA_INFO, COMPRESSED, IMAGE, choose_topics

TUM = {
    "/camera/depth/camera_info": CAMERA_INFO,
    "/camera/depth/image": IMAGE,
    "/camera/rgb/camera_info": CAMERA_INFO,
    "/camera/rgb/image_color": IMAGE,
    "/tf": "tf2_msgs/msg/TFMessage",
    "/imu": "sensor_msgs/msg/Imu",
}
REALSENSE = {
    "/camera/camera/color/image_raw": IMAGE,
    "/camera/camera/color/camera_info": CAMERA_INFO,
    "/camera/camera/depth/image_rect_raw": IMAGE,
    "/camera/camera/depth/camera_info": CAMERA_INFO,
    "/camera/camera/aligned_depth_to_color/image_raw": IMAGE,
    "/camera/camera/aligned_depth_to_color/camera_info": CAMERA_INFO,
    "/camera/camera/infra1/image_rect_raw": IMAGE,
}
AZURE = {
    "/rgb/image_raw": IMAGE,
    "/rgb/camera_info": CAMERA_INFO,
    "/depth/image_raw": IMAGE,
    "/depth_to_rgb/image_raw": IMAGE,
    "/ir/image_raw": IMAGE,
}
OPENNI = {
    "/camera/rgb/image_raw/compressed": COMPRESSED,
    "/camera/rgb/camera_info": CAMERA_INFO,
    "/camera/depth_registered/image_raw": IMAGE,
    "/camera/depth/image_raw": IMAGE,
    "/camera/ir/image": IMAGE,
}


@pytest.mark.parametrize(
    ("types", "color", "depth", "info"),
    [
        (
            TUM,
            "/camera/rgb/image_color",
            "/camera/depth/image",
            "/camera/rgb/camera_info",
        ),
        (
            REALSENSE,
            "/camera/camera/color/image_raw",
            "/camera/camera/aligned_depth_to_color/image_raw",
            "/camera/camera/color/camera_info",
        ),
        (AZURE, "/rgb/image_raw", "/depth_to_rgb/image_raw", "/rgb/camera_info"),
        (
            OPENNI,
            "/camera/rgb/image_raw/compressed",
            "/camera/depth_registered/image_raw",
            "/camera/rgb/camera_info",
        ),
    ],
)
def test_choose_topics_recognizes_common_drivers(types, color, depth, info):
    topics = choose_topics(types)
    assert (topics.color, topics.depth, topics.camera_info) == (color, depth, info)
    assert topics.is_depth_registered


def test_choose_topics_with_unknown_names_takes_any_image():
    topics = choose_topics({"/front/view": IMAGE, "/chatter": "std_msgs/msg/String"})
    assert (topics.color, topics.depth, topics.camera_info) == ("/front/view", None, None)
    assert not topics.is_depth_registered


def test_choose_topics_prefers_raw_to_compressed():
    topics = choose_topics({"/a/image_raw": IMAGE, "/a/image_raw/compressed": COMPRESSED})
    assert topics.color == "/a/image_raw"


def test_choose_topics_with_two_cameras_takes_depth_of_one():
    cameras = {
        f"/{side}/{stream}/image_raw": IMAGE for side in "ab" for stream in ("color", "depth")
    }
    topics = choose_topics({"/b/color/camera_info": CAMERA_INFO, **cameras})
    assert (topics.color, topics.depth) == ("/a/color/image_raw", "/a/depth/image_raw")


def test_choose_topics_without_color_lists_the_topics():
    with pytest.raises(SourceError, match=r"topics: /depth/image \(sensor_msgs/msg/Image\)"):
        choose_topics({"/depth/image": IMAGE})
    with pytest.raises(SourceError, match="topics: none"):
        choose_topics({})
