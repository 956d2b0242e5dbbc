"""Choice of a camera's topics among the topics of a bag."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.errors import SourceError
from scenerep_ros.sources.bags.messages import CAMERA_INFO, COMPRESSED, IMAGE
from scenerep_ros.sources.bags.topic_content import Kind, TopicContent
from scenerep_ros.sources.bags.topic_names import parse_topic
from scenerep_ros.sources.bags.topics import choose_topics
from scenerep_ros.sources.options import SourceOptions

TUM = {
    "/camera/depth/camera_info": None,
    "/camera/depth/image": "32FC1",
    "/camera/rgb/camera_info": None,
    "/camera/rgb/image_color": "rgb8",
    "/tf": "tf2_msgs/msg/TFMessage",
    "/imu": "sensor_msgs/msg/Imu",
}
REALSENSE = {
    "/camera/camera/color/image_raw": "rgb8",
    "/camera/camera/color/camera_info": None,
    "/camera/camera/depth/image_rect_raw": "16UC1",
    "/camera/camera/depth/camera_info": None,
    "/camera/camera/aligned_depth_to_color/image_raw": "16UC1",
    "/camera/camera/aligned_depth_to_color/camera_info": None,
    "/camera/camera/infra1/image_rect_raw": "mono8",
}
AZURE = {
    "/rgb/image_raw": "bgra8",
    "/rgb/camera_info": None,
    "/depth/image_raw": "16UC1",
    "/depth/camera_info": None,
    "/depth_to_rgb/image_raw": "16UC1",
    "/ir/image_raw": "mono16",
}
OPENNI = {
    "/camera/rgb/image_raw/compressed": "rgb8",
    "/camera/rgb/camera_info": None,
    "/camera/depth_registered/image_raw": "16UC1",
    "/camera/depth/image_raw": "16UC1",
    "/camera/ir/image": "mono16",
}
DEPTH_CAMERA = {
    "/depth_camera/color/image_raw": "rgb8",
    "/depth_camera/color/camera_info": None,
    "/depth_camera/depth/image_raw": "16UC1",
    "/depth_camera/depth/camera_info": None,
}
INFRA_SITE = {
    "/infra_site/robot1/color/image_raw": "rgb8",
    "/infra_site/robot1/color/camera_info": None,
    "/infra_site/robot1/depth/image_raw": "16UC1",
}
KINECT_IN_CAPITALS = {
    "/Kinect/RGB": "bgr8",
    "/Kinect/Depth": "mono16",
    "/Kinect/RGB/CameraInfo": None,
}
OAK = {
    "/oak/rgb/image_raw": "bgr8",
    "/oak/rgb/camera_info": None,
    "/oak/stereo/image_raw": "16UC1",
    "/oak/stereo/camera_info": None,
    "/oak/left/image_raw": "mono8",
    "/oak/nn/passthrough/image_raw": "bgr8",
}
VIEWER = {
    "/device_0/sensor_0/Depth_0/image/data": "mono16",
    "/device_0/sensor_0/Depth_0/info/camera_info": None,
    "/device_0/sensor_0/Infrared_1/image/data": "mono8",
    "/device_0/sensor_1/Color_0/image/data": "rgb8",
    "/device_0/sensor_1/Color_0/info/camera_info": None,
}
ZED = {
    "/zed/zed_node/rgb/image_rect_color": "bgra8",
    "/zed/zed_node/rgb/camera_info": None,
    "/zed/zed_node/left/image_rect_color": "bgra8",
    "/zed/zed_node/depth/depth_registered": "32FC1",
    "/zed/zed_node/depth/camera_info": None,
    "/zed/zed_node/confidence/confidence_map": "32FC1",
    "/zed/zed_node/disparity/disparity_image": "stereo_msgs/msg/DisparityImage",
}
GAZEBO = {
    "/rgbd_camera/image": "rgb8",
    "/rgbd_camera/depth_image": "32FC1",
    "/rgbd_camera/camera_info": None,
}
SPOT = {
    "/camera/frontleft/image": "rgb8",
    "/camera/frontleft/camera_info": None,
    "/depth/frontleft/image": "16UC1",
    "/depth_registered/frontleft/image": "16UC1",
    "/camera/frontright/image": "rgb8",
}
CARLA = {
    "/carla/ego/rgb_front/image": "bgra8",
    "/carla/ego/rgb_front/camera_info": None,
    "/carla/ego/semantic_segmentation_front/image": "bgra8",
    "/carla/ego/depth_front/image": "32FC1",
}
PHOTONEO = {
    "/phoxi_camera/rgb_texture": "rgb8",
    "/phoxi_camera/confidence_map": "32FC1",
    "/phoxi_camera/depth_map": "32FC1",
    "/phoxi_camera/texture": "32FC1",
}
COLORIZED = {
    "/camera/color/image_raw": "rgb8",
    "/camera/depth/colorized": "rgb8",
    "/camera/depth/image_rect_raw": "16UC1",
    "/segmenter/labels": "mono16",
    "/segmenter/overlay": "rgb8",
}


def contents(encodings, **counts):
    """Return the content of topics by encoding; None is camera_info, a name with / another type."""
    items = []
    for topic, encoding in encodings.items():
        count = counts.get(topic, 30)
        if encoding is None:
            items.append(TopicContent(topic, CAMERA_INFO, count))
        elif "/" in encoding:
            items.append(TopicContent(topic, encoding, count))
        else:
            message_type = COMPRESSED if "/compressed" in topic else IMAGE
            items.append(TopicContent(topic, message_type, count, encoding))
    return items


@pytest.mark.parametrize(
    ("topics", "color", "depth", "info"),
    [
        (TUM, "/camera/rgb/image_color", "/camera/depth/image", "/camera/rgb/camera_info"),
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
        (
            DEPTH_CAMERA,
            "/depth_camera/color/image_raw",
            "/depth_camera/depth/image_raw",
            "/depth_camera/color/camera_info",
        ),
        (
            INFRA_SITE,
            "/infra_site/robot1/color/image_raw",
            "/infra_site/robot1/depth/image_raw",
            "/infra_site/robot1/color/camera_info",
        ),
        (KINECT_IN_CAPITALS, "/Kinect/RGB", "/Kinect/Depth", "/Kinect/RGB/CameraInfo"),
        (OAK, "/oak/rgb/image_raw", "/oak/stereo/image_raw", "/oak/rgb/camera_info"),
        (
            VIEWER,
            "/device_0/sensor_1/Color_0/image/data",
            "/device_0/sensor_0/Depth_0/image/data",
            "/device_0/sensor_1/Color_0/info/camera_info",
        ),
        (
            ZED,
            "/zed/zed_node/rgb/image_rect_color",
            "/zed/zed_node/depth/depth_registered",
            "/zed/zed_node/rgb/camera_info",
        ),
        (GAZEBO, "/rgbd_camera/image", "/rgbd_camera/depth_image", "/rgbd_camera/camera_info"),
        (
            SPOT,
            "/camera/frontleft/image",
            "/depth_registered/frontleft/image",
            "/camera/frontleft/camera_info",
        ),
        (
            CARLA,
            "/carla/ego/rgb_front/image",
            "/carla/ego/depth_front/image",
            "/carla/ego/rgb_front/camera_info",
        ),
        (PHOTONEO, "/phoxi_camera/rgb_texture", "/phoxi_camera/depth_map", None),
        (COLORIZED, "/camera/color/image_raw", "/camera/depth/image_rect_raw", None),
    ],
)
def test_choose_topics_recognizes_common_drivers(topics, color, depth, info):
    chosen = choose_topics(contents(topics))
    assert (chosen.color, chosen.depth, chosen.camera_info) == (color, depth, info)


@pytest.mark.parametrize("topics", [TUM, REALSENSE, AZURE, OPENNI])
def test_choose_topics_knows_registered_depth_by_its_name(topics):
    assert choose_topics(contents(topics)).is_depth_registered


def test_choose_topics_with_unknown_names_takes_any_image():
    topics = choose_topics(contents({"/front/view": "rgb8", "/chatter": "std_msgs/msg/String"}))
    assert (topics.color, topics.depth, topics.camera_info) == ("/front/view", None, None)
    assert not topics.is_depth_registered


def test_choose_topics_prefers_raw_to_compressed():
    topics = choose_topics(contents({"/a/image_raw": "rgb8", "/a/image_raw/compressed": "rgb8"}))
    assert topics.color == "/a/image_raw"


def test_choose_topics_prefers_complete_streams_to_single_images():
    topics = {"/a/image_raw": "rgb8", "/a/image_raw/compressed": "rgb8"}
    chosen = choose_topics(contents(topics, **{"/a/image_raw": 1}))
    assert chosen.color == "/a/image_raw/compressed"


@pytest.mark.parametrize("cameras", [("a", "b"), ("left", "right"), ("front_depth", "rear_depth")])
def test_choose_topics_with_two_cameras_takes_parts_of_one(cameras):
    topics = {f"/{camera}/color/image_raw": "rgb8" for camera in cameras}
    topics |= {f"/{camera}/color/camera_info": None for camera in cameras}
    topics |= {f"/{camera}/depth/image_raw": "16UC1" for camera in cameras}
    first, second = cameras
    chosen = choose_topics(contents(topics))
    assert chosen.color == f"/{first}/color/image_raw"
    assert chosen.depth == f"/{first}/depth/image_raw"
    assert chosen.camera_info == f"/{first}/color/camera_info"
    assert chosen.other_cameras == (f"/{second}",)
    del topics[f"/{first}/depth/image_raw"], topics[f"/{first}/color/camera_info"]
    assert choose_topics(contents(topics)).color == f"/{second}/color/image_raw"
    chosen = choose_topics(contents(topics), SourceOptions(camera=first))
    assert (chosen.depth, chosen.camera_info) == (None, None)
    assert f"/{second}/color/image_raw" not in (chosen.color, chosen.depth)


def test_choose_topics_joins_nodes_by_coordinate_frame():
    images = [
        TopicContent("/webcam/image", IMAGE, 9, "rgb8", "optical"),
        TopicContent("/net/prediction", IMAGE, 9, "32FC1", "optical"),
        TopicContent("/lidar/range", IMAGE, 9, "32FC1", "lidar"),
    ]
    assert choose_topics(images).depth == "/net/prediction"
    assert choose_topics(images[::2]).depth is None


def test_choose_topics_prefers_depth_of_the_size_of_color():
    images = [
        TopicContent("/c/color/image_raw", IMAGE, 9, "rgb8", "color", (640, 480)),
        TopicContent("/c/depth/a", IMAGE, 9, "16UC1", "depth", (320, 240)),
        TopicContent("/c/depth/b", IMAGE, 9, "16UC1", "color", (640, 480)),
    ]
    chosen = choose_topics(images)
    assert chosen.depth == "/c/depth/b"
    assert chosen.is_depth_registered


def test_choose_topics_prefers_color_registered_to_depth():
    sizes = {"rgb": (2048, 1536), "rgb_to_depth": (640, 576), "depth": (640, 576)}
    frames = {"rgb": "rgb_link", "rgb_to_depth": "depth_link", "depth": "depth_link"}
    images = [
        TopicContent(f"/{name}/image_raw", IMAGE, 9, encoding, frames[name], sizes[name])
        for name, encoding in {"rgb": "bgra8", "rgb_to_depth": "bgra8", "depth": "16UC1"}.items()
    ]
    infos = [
        TopicContent(f"/{name}/camera_info", CAMERA_INFO, 9, "", frames[name], sizes[name])
        for name in sizes
    ]
    chosen = choose_topics(images + infos)
    assert (chosen.color, chosen.depth) == ("/rgb_to_depth/image_raw", "/depth/image_raw")
    assert chosen.camera_info == "/rgb_to_depth/camera_info"
    assert chosen.is_depth_registered


def test_choose_topics_prefers_the_calibration_beside_the_image():
    items = [
        TopicContent(f"/zed/{name}", kind, 9, encoding, "left", (960, 540))
        for name, kind, encoding in (
            ("depth/camera_info", CAMERA_INFO, ""),
            ("depth/depth_registered", IMAGE, "32FC1"),
            ("rgb/image_rect_color", IMAGE, "bgra8"),
            ("rgb/camera_info", CAMERA_INFO, ""),
        )
    ]
    assert choose_topics(items).camera_info == "/zed/rgb/camera_info"


def test_choose_topics_options_override_the_choice():
    options = SourceOptions(
        color_topic="/camera/camera/infra1/image_rect_raw",
        depth_topic="camera/camera/depth/image_rect_raw",
        camera_info_topic="/camera/camera/depth/camera_info",
    )
    chosen = choose_topics(contents(REALSENSE), options)
    assert chosen.color == "/camera/camera/infra1/image_rect_raw"
    assert chosen.depth == "/camera/camera/depth/image_rect_raw"
    assert chosen.camera_info == "/camera/camera/depth/camera_info"


def test_choose_topics_of_infrared_alone_takes_it():
    chosen = choose_topics(contents({"/c/infra1/image": "mono8", "/c/depth/image": "16UC1"}))
    assert (chosen.color, chosen.depth) == ("/c/infra1/image", "/c/depth/image")


def test_choose_topics_without_color_lists_the_topics():
    with pytest.raises(SourceError, match=r"topics: /depth/image \(sensor_msgs/msg/Image, 16UC1\)"):
        choose_topics(contents({"/depth/image": "16UC1"}))
    with pytest.raises(SourceError, match="topics: none"):
        choose_topics([])


@pytest.mark.parametrize(
    ("topic", "camera", "words"),
    [
        ("/left/color/image_raw", ("left",), {"color"}),
        ("/stereo_rig/left/image_raw", ("stereo_rig",), {"left"}),
        ("/k4a/rgb_camera/image_raw", ("k4a",), {"rgb", "camera"}),
        ("/image_raw", (), set()),
        (
            "/cam0/aligned_depth_to_color/image_raw/compressedDepth",
            ("cam0",),
            {"aligned", "depth", "registered"},
        ),
        ("/k4a/rgb_to_depth/image_raw", ("k4a",), {"rgb", "registered"}),
        ("/phoxi/depth_map", ("phoxi",), {"depth"}),
    ],
)
def test_parse_topic_separates_camera_and_stream(topic, camera, words):
    name = parse_topic(topic)
    assert (name.camera, name.words) == (camera, words)


PARTS = st.sampled_from(
    ["camera", "depth", "color", "Depth_0", "image_raw", "compressed", "a", "left", ""]
)
TOPICS = st.builds(
    TopicContent,
    topic=st.lists(PARTS, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts)),
    message_type=st.sampled_from([IMAGE, COMPRESSED, CAMERA_INFO, "x/msg/Y"]),
    count=st.integers(1, 99),
    encoding=st.sampled_from(["rgb8", "mono8", "mono16", "16UC1", "32FC1", "", "odd"]),
    frame_id=st.sampled_from(["", "a", "b"]),
    size=st.sampled_from([(0, 0), (4, 3), (8, 6)]),
)


@given(st.lists(TOPICS, max_size=7, unique_by=lambda item: item.topic))
def test_choose_topics_of_any_bag_takes_color_or_rejects(topics):
    by_name = {item.topic: item for item in topics}
    try:
        chosen = choose_topics(topics)
    except SourceError:
        assert not any(
            item.encoding == "rgb8" and item.kind is Kind.COLOR
            for item in topics
            if not parse_topic(item.topic).is_other
        )
        return
    assert by_name[chosen.color].message_type in (IMAGE, COMPRESSED)
    for topic in filter(None, (chosen.depth, chosen.camera_info)):
        assert topic != chosen.color
    if chosen.depth:
        assert by_name[chosen.depth].kind is Kind.DEPTH
    if chosen.camera_info:
        assert by_name[chosen.camera_info].message_type == CAMERA_INFO
