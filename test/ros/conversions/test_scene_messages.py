from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("visualization_msgs", reason="visualization_msgs is not installed")

from std_msgs.msg import Header
from visualization_msgs.msg import Marker

from scenerep_ros.frames import (
    KINECT,
    UNLABELLED,
    Intrinsics,
    RGBDFrame,
    SceneObject,
    SceneSegmentation,
)
from scenerep_ros.geometry import CLOUD_DTYPE, deproject, viewing_rays
from scenerep_ros.render import id_colors, paint_labels
from scenerep_ros.ros.conversions import scene_messages
from scenerep_ros.ros.conversions.cloud_message import CloudMessageBuffer
from scenerep_ros.ros.conversions.scene_view import SceneView

HEIGHT, WIDTH = 48, 64
STAMP = 1_305_031_102_175_304_000


def scene_object(id_, box):
    return SceneObject(id_, box[2] * box[3], box, np.ones(4, np.float32) / 2)


@pytest.fixture
def view():
    rng = np.random.default_rng(0)
    labels = np.zeros((HEIGHT, WIDTH), np.uint16)
    labels[10:30, 8:28] = 3
    labels[35:45, 40:60] = 300
    labels[:2] = UNLABELLED
    depth = np.full((HEIGHT, WIDTH), 2.0, np.float32)
    depth[5:8] = np.nan
    depth[10:30, 8:28] = 1.0
    frame = RGBDFrame(
        color=rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8),
        depth=depth,
        intrinsics=Intrinsics(50.0, 50.0, 31.5, 23.5),
        stamp_ns=STAMP,
        frame_id="camera",
    )
    objects = (scene_object(3, (8, 10, 20, 20)), scene_object(300, (40, 35, 20, 10)))
    attention = rng.random((3, 4, 5), np.float32)
    return SceneView(frame, SceneSegmentation(labels, objects, attention), CloudMessageBuffer())


def with_frame(view, **changes):
    """Copy a view with other fields of its frame."""
    frame = RGBDFrame(**{**vars(view.frame), **changes})
    return SceneView(frame, view.scene, view.cloud)


@pytest.mark.parametrize("name", ["labels", "overlay", "points", "points_colored", "attention"])
def test_messages_carry_stamp_and_frame_id_of_the_image(view, name):
    message = getattr(scene_messages, f"{name}_message")(view)
    stamp = message.header.stamp
    assert stamp.sec * 10**9 + stamp.nanosec == STAMP
    assert message.header.frame_id == "camera"


def test_labels_message_is_mono16(view):
    message = scene_messages.labels_message(view)
    assert (message.encoding, message.step) == ("mono16", 2 * WIDTH)
    labels = np.frombuffer(message.data, "<u2").reshape(message.height, message.width)
    assert np.array_equal(labels, view.scene.labels)


def test_overlay_message_is_rgb_of_image_size(view):
    message = scene_messages.overlay_message(view)
    assert (message.encoding, message.height, message.width) == ("rgb8", HEIGHT, WIDTH)
    assert len(message.data) == message.height * message.step


def test_attention_message_without_attention_is_none(view):
    message = scene_messages.attention_message(view)
    assert len(message.data) == message.height * message.width * 3
    view.scene = SceneSegmentation(view.scene.labels, view.scene.objects, None)
    assert scene_messages.attention_message(view) is None


def read_cloud(cloud):
    """Decode a cloud by its declared fields."""
    formats = {7: "<f4", 6: "<u4"}
    dtype = np.dtype(
        {
            "names": [field.name for field in cloud.fields],
            "formats": [formats[field.datatype] for field in cloud.fields],
            "offsets": [field.offset for field in cloud.fields],
            "itemsize": cloud.point_step,
        }
    )
    assert len(cloud.data) == cloud.height * cloud.row_step
    return np.frombuffer(cloud.data, dtype).reshape(cloud.height, cloud.width).copy()


def unpack_rgb(points):
    packed = np.ascontiguousarray(points["rgb"]).view(np.uint32)
    return np.stack([packed >> 16 & 255, packed >> 8 & 255, packed & 255], axis=-1)


def test_cloud_messages_match_color_depth_and_labels(view):
    points = read_cloud(scene_messages.points_message(view))
    colored = read_cloud(scene_messages.points_colored_message(view))
    assert list(points.dtype.names) == list(CLOUD_DTYPE.names)
    expected = deproject(view.frame.depth, view.frame.intrinsics)
    for cloud in (points, colored):
        xyz = np.stack([cloud[axis] for axis in "xyz"], axis=-1)
        assert np.array_equal(xyz, expected, equal_nan=True)
        assert np.array_equal(cloud["label"], view.scene.labels)
    assert np.array_equal(unpack_rgb(points), view.frame.color)
    assert np.array_equal(unpack_rgb(colored), paint_labels(view.frame.color, view.scene.labels))


def test_cloud_buffer_follows_the_image_size():
    clouds = CloudMessageBuffer()
    for height, width in ((4, 6), (8, 2), (4, 6)):
        depth = np.random.default_rng(height).random((height, width), np.float32)
        frame = RGBDFrame(np.zeros((height, width, 3), np.uint8), depth, KINECT)
        labels = np.full((height, width), width, np.uint16)
        cloud = read_cloud(clouds.fill(Header(), frame, labels, frame.color))
        assert cloud.shape == (height, width)
        assert np.array_equal(cloud["z"], depth)
        assert (cloud["label"] == width).all()


@pytest.mark.parametrize("field", ["depth", "intrinsics"])
def test_messages_without_depth_or_calibration_have_labels_only(view, field):
    incomplete = with_frame(view, **{field: None})
    assert scene_messages.points_message(incomplete) is None
    assert scene_messages.points_colored_message(incomplete) is None
    assert scene_messages.objects_message(incomplete) is None
    assert scene_messages.labels_message(incomplete).height == HEIGHT


def test_objects_message_has_box_and_id_at_object_depth(view):
    first, *markers = scene_messages.objects_message(view).markers
    assert first.action == Marker.DELETEALL
    boxes = {marker.id: marker for marker in markers if marker.ns == "boxes"}
    texts = {marker.id: marker.text for marker in markers if marker.ns == "ids"}
    assert texts == {3: "3", 300: "300"}
    assert boxes[3].pose.position.z == pytest.approx(1.0)
    assert boxes[300].pose.position.z == pytest.approx(2.0)
    # 20 pixels at 1 m with a focal length of 50 pixels
    assert boxes[3].scale.x == pytest.approx(0.4, rel=0.1)
    rgb = boxes[3].color.r, boxes[3].color.g, boxes[3].color.b
    assert np.allclose(rgb, id_colors([3])[0] / 255)


def test_box_on_a_tilted_table_is_upright_and_trimmed():
    camera = Intrinsics(525.0, 525.0, 319.5, 239.5)
    rays = viewing_rays(camera, 480, 640)
    up = np.array([0, -np.cos(0.7), -np.sin(0.7)], np.float32)
    table = -0.8 / (rays @ up)
    labels = np.zeros((480, 640), np.uint16)
    labels[200:260, 300:360] = 7
    # The top of a cuboid, 0.1 m above the table, with a strip of the table's depth at its rim.
    depth = np.where(labels == 7, -0.7 / (rays @ up), table).astype(np.float32)
    depth[200:260, 358:360] = table[200:260, 358:360]
    frame = RGBDFrame(np.zeros((480, 640, 3), np.uint8), depth, camera)
    objects = (scene_object(7, (300, 200, 60, 60)),)
    view = SceneView(frame, SceneSegmentation(labels, objects), CloudMessageBuffer())
    box = view.boxes[7]
    np.testing.assert_allclose(box.rotation[:, 2], up, atol=0.01)
    top = box.center @ up + box.size[2] / 2
    assert top == pytest.approx(-0.7, abs=0.005)
    assert box.size[2] < 0.02


def test_objects_message_skips_object_without_depth(view):
    depth = view.frame.depth.copy()
    depth[10:30, 8:28] = np.nan
    markers = scene_messages.objects_message(with_frame(view, depth=depth)).markers
    assert {marker.id for marker in markers if marker.ns == "boxes"} == {300}


def test_objects_message_without_objects_deletes_previous_markers():
    empty = SceneView(
        RGBDFrame(np.zeros((4, 4, 3), np.uint8), np.ones((4, 4), np.float32), KINECT),
        SceneSegmentation(np.zeros((4, 4), np.uint16)),
        CloudMessageBuffer(),
    )
    assert [m.action for m in scene_messages.objects_message(empty).markers] == [Marker.DELETEALL]


def test_label_info_message_names_every_label(view):
    pytest.importorskip("vision_msgs", reason="vision_msgs is not installed")
    message = scene_messages.label_info_message(view)
    names = {entry.class_id: entry.class_name for entry in message.class_map}
    assert names == {0: "background", 3: "object 3", 300: "object 300", UNLABELLED: "unlabelled"}


@pytest.mark.parametrize(("encoding", "dtype"), [("32SC1", "<i4"), ("mono8", "u1")])
def test_labels_message_of_other_encodings_has_objects_only(view, encoding, dtype):
    view.labels_encoding = encoding
    message = scene_messages.labels_message(view)
    pixels = np.frombuffer(message.data, dtype).reshape(message.height, message.width)
    assert (message.encoding, message.step) == (encoding, pixels.strides[0])
    labels = view.scene.labels
    is_object = (labels != 0) & (labels != UNLABELLED)
    assert np.array_equal(pixels != 0, is_object)
    if encoding == "32SC1":
        assert np.array_equal(pixels[is_object] & 0xFFFF, labels[is_object])
    else:
        assert set(np.unique(pixels)) == {0, 255}


def test_object_markers_expire_and_can_be_deleted(view):
    _, *markers = scene_messages.objects_message(view).markers
    assert all(marker.lifetime.sec > 0 for marker in markers)
    (deletion,) = scene_messages.no_objects_message().markers
    assert deletion.action == Marker.DELETEALL
