"""Choice of a camera's topics among the topics of a bag, by the content of their messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from scenerep_ros.errors import SourceError, suggest_names
from scenerep_ros.sources.bags.calibration_topic import choose_calibration
from scenerep_ros.sources.bags.messages import CAMERA_INFO, COMPRESSED, IMAGE
from scenerep_ros.sources.bags.topic_content import Kind, TopicContent
from scenerep_ros.sources.bags.topic_names import affinity, parse_topic, without_transport
from scenerep_ros.sources.options import DEFAULTS, SourceOptions

COLOR_ENDINGS = (
    "/rgb/image_color",  # TUM, openni_camera
    "/color/image_raw",  # RealSense
    "/rgb/image_raw",  # Azure Kinect, openni2_camera
    "/rgb/image_rect_color",
    "/color/image_rect",
    "/image_color",
    "/image_raw",
)
"""Endings of the color topics of common drivers, in order of preference."""
DEPTH_ENDINGS = (
    "/aligned_depth_to_color/image_raw",  # RealSense
    "/depth_to_rgb/image_raw",  # Azure Kinect
    "/depth_registered/image_raw",  # openni2_camera
    "/depth_registered/image",
    "/depth_registered/image_rect",
    "/depth/image",  # TUM
)
"""Endings of the topics of common drivers with depth registered to color, in order of preference."""
IMAGES = (IMAGE, COMPRESSED)
"""Types of the messages of images."""
MIN_COUNT_RATIO = 0.1
"""constant: messages of a topic, over the most of any, below which it is no stream of a camera."""


@dataclass(frozen=True)
class CameraTopics:
    """Topics of one camera; depth and camera_info may be missing.

    Attributes:
        color: topic of the color images.
        depth: topic of the depth images.
        camera_info: topic of the color camera's calibration.
        is_depth_registered: whether name, frame or size of depth state that it is registered.
        left_out: other topics of images.
        other_cameras: namespaces of other cameras with color images.
    """

    color: str
    depth: str | None
    camera_info: str | None
    is_depth_registered: bool = False
    left_out: tuple[str, ...] = field(default=(), compare=False)
    other_cameras: tuple[str, ...] = field(default=(), compare=False)


def choose_topics(
    contents: Sequence[TopicContent], options: SourceOptions = DEFAULTS
) -> CameraTopics:
    """Choose color, depth and calibration of one camera.

    Encoding and format decide what an image is; names decide only between equals, and which topics
    belong to one camera. A camera with color and depth precedes one with color alone.

    Args:
        contents: content of each topic with messages.
        options: camera or topics that the user chose.

    Raises:
        SourceError: if no topic has color images, or the bag lacks a chosen topic; the message lists
            the topics.
    """
    images = [item for item in contents if item.kind is not None]
    chosen = _inside_camera(images, options)
    depths = _depth_of_colors(chosen)
    color = _required(contents, options.color_topic, IMAGES, options) or _choose_color(
        chosen, depths, contents
    )
    depth = _required(contents, options.depth_topic, IMAGES, options)
    depth = depth or _choose_depth(color, depths)
    if not options.use_depth:
        depth = None
    info = _required(contents, options.camera_info_topic, (CAMERA_INFO,), options)
    info = info or choose_calibration(color, contents)
    used = {item.topic for item in (color, depth) if item}
    camera = parse_topic(color.topic)
    others = {
        "/" + "/".join(parse_topic(item.topic).camera)
        for item in images
        if item.kind is Kind.COLOR and not affinity(camera, parse_topic(item.topic))
    }
    return CameraTopics(
        color.topic,
        depth.topic if depth else None,
        info.topic if info else None,
        is_depth_registered=depth is not None and _is_registered(depth, color),
        left_out=tuple(sorted(item.topic for item in images if item.topic not in used)),
        other_cameras=tuple(sorted(others)),
    )


def _inside_camera(images: list[TopicContent], options: SourceOptions) -> list[TopicContent]:
    """Return the images of the chosen camera.

    Raises:
        SourceError: if the bag has no image of it.
    """
    prefix = options.camera.strip("/")
    if not prefix:
        return images
    inside = [item for item in images if _is_inside(item.topic, prefix)]
    if not inside:
        cameras = sorted({"/".join(parse_topic(item.topic).camera) for item in images})
        raise SourceError(f"no camera {options.camera}: {suggest_names(prefix, cameras)}")
    return inside


def _is_inside(topic: str, prefix: str) -> bool:
    camera = "/".join(parse_topic(topic).camera)
    return f"{topic.strip('/')}/".startswith(f"{prefix}/") or camera == prefix


def _required(
    contents: Sequence[TopicContent], topic: str, types: tuple[str, ...], options: SourceOptions
) -> TopicContent | None:
    """Return the topic that the user chose, in any transport; None if the user chose none.

    Raises:
        SourceError: if the bag lacks it, or it has messages of other types, and it is required.
    """
    if not topic:
        return None
    wanted = topic.strip("/")
    contents = [item for item in contents if item.message_type in types]
    matching = [
        item
        for item in contents
        if wanted in (item.topic.strip("/"), without_transport(item.topic).strip("/"))
    ]
    if matching:
        return min(matching, key=lambda item: (item.topic.strip("/") != wanted, item.topic))
    if options.are_topics_required:
        names = [item.topic for item in contents]
        raise SourceError(
            f"no topic {topic} with messages of {' or '.join(types)}: {suggest_names(topic, names)}"
        )
    return None


def _choose_color(
    images: Sequence[TopicContent],
    depths: dict[str, list[TopicContent]],
    contents: Sequence[TopicContent],
) -> TopicContent:
    """Return the color topic of the most complete camera.

    Raises:
        SourceError: if there is none.
    """
    colors = [item for item in images if _shows_scene(item)]
    if not colors:
        listing = ", ".join(item.description for item in sorted(contents, key=lambda i: i.topic))
        raise SourceError(f"no topic has color images; topics: {listing or 'none'}")
    is_rare = _rarity(colors)

    def rank(item: TopicContent) -> tuple[object, ...]:
        own_depths = depths.get(item.topic, [])
        return (
            parse_topic(item.topic).may_be_other or parse_topic(item.topic).is_depth,
            is_rare(item),
            not own_depths,
            not any(_is_registered(depth, item) for depth in own_depths),
            item.kind is Kind.GRAY,
            _preference(without_transport(item.topic), COLOR_ENDINGS),
            item.is_compressed,
            item.topic,
        )

    return min(colors, key=rank)


def _shows_scene(item: TopicContent) -> bool:
    """Return whether an image shows the scene; infrared serves where there is no color."""
    words = parse_topic(item.topic).words
    is_drawn = words & {
        "mask",
        "masks",
        "label",
        "labels",
        "segmentation",
        "confidence",
        "disparity",
    }
    return item.kind in (Kind.COLOR, Kind.GRAY) and not is_drawn


def _depth_of_colors(images: Sequence[TopicContent]) -> dict[str, list[TopicContent]]:
    """Map each color topic to the depth topics of its camera.

    Depth belongs to the camera whose name is most similar. Without a similar name, it belongs to
    the only color topic of its coordinate frame.
    """
    colors = [item for item in images if _shows_scene(item)]
    depths_of: dict[str, list[TopicContent]] = {}
    for depth in (item for item in images if item.kind is Kind.DEPTH):
        closeness = {color.topic: _closeness(depth, color) for color in colors}
        best = max(closeness.values(), default=0)
        for color in colors:
            has_similar_name = best > 0 and closeness[color.topic] == best
            is_only_frame = best == 0 and [
                item.topic for item in colors if item.frame_id == depth.frame_id
            ] == [color.topic]
            if has_similar_name or is_only_frame:
                depths_of.setdefault(color.topic, []).append(depth)
    return depths_of


def _closeness(depth: TopicContent, color: TopicContent) -> int:
    return affinity(parse_topic(depth.topic), parse_topic(color.topic))


def _choose_depth(
    color: TopicContent, depths: dict[str, list[TopicContent]]
) -> TopicContent | None:
    candidates = depths.get(color.topic, [])
    is_rare = _rarity(candidates)

    def rank(item: TopicContent) -> tuple[object, ...]:
        return (
            not item.is_metric,
            is_rare(item),
            item.size != color.size and not item.is_compressed,
            item.frame_id != color.frame_id,
            not parse_topic(item.topic).is_registered,
            _preference(without_transport(item.topic), DEPTH_ENDINGS),
            item.is_compressed,
            item.topic,
        )

    return min(candidates, key=rank, default=None)


def _is_registered(depth: TopicContent, color: TopicContent) -> bool:
    """Return whether name, or frame and size, state that depth is registered to color."""
    if all(depth.size) and all(color.size) and depth.size != color.size:
        return False
    has_frame = bool(depth.frame_id) and depth.frame_id == color.frame_id
    has_name = parse_topic(depth.topic).is_registered or without_transport(depth.topic).endswith(
        DEPTH_ENDINGS
    )
    return has_name or (has_frame and depth.size == color.size)


def _rarity(items: Sequence[TopicContent]) -> Callable[[TopicContent], bool]:
    """Return a function that finds topics with far fewer messages than the others."""
    limit = MIN_COUNT_RATIO * max((item.count for item in items), default=0)
    return lambda item: item.count < limit


def _preference(topic: str, endings: tuple[str, ...]) -> int:
    """Return the index of the first ending of a topic, or the number of endings."""
    matches = (index for index, ending in enumerate(endings) if f"/{topic}".endswith(ending))
    return next(matches, len(endings))
