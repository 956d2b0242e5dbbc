"""What was seen of a camera's topics."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Endpoint:
    """A publisher or subscriber of a topic.

    Attributes:
        node: name, with namespace.
        type: of its messages, such as sensor_msgs/msg/Image.
        reliable: offered by a publisher, demanded by a subscriber.
        transient_local: likewise: late subscribers get old messages.
    """

    node: str
    type: str
    reliable: bool
    transient_local: bool = False


@dataclass(frozen=True)
class Heard:
    """What matters of one message.

    Attributes:
        arrival: seconds, of a clock that never jumps.
        stamp: seconds, of the header.
        frame_id: of the header.
        encoding: of an image; the format of a compressed one; empty for camera_info.
        size: width and height in pixels; None for a compressed image.
        focal: fx and fy of a camera_info, pixels.
        distorted: whether a camera_info has distortion.
        range: share of valid pixels and their median in metres, of a depth image.
    """

    arrival: float
    stamp: float
    frame_id: str
    encoding: str = ""
    size: tuple[int, int] | None = None
    focal: tuple[float, float] | None = None
    distorted: bool = False
    range: tuple[float, float] | None = None


@dataclass(frozen=True)
class TopicView:
    """One topic, as the graph and its messages show it.

    Attributes:
        name: of the topic.
        type: that the segmenter subscribes to.
        publishers: of any type.
        subscribers: other than the observer.
        heard: messages in order of arrival.
        alternatives: other topics of this type.
    """

    name: str
    type: str
    publishers: tuple[Endpoint, ...] = ()
    subscribers: tuple[Endpoint, ...] = ()
    heard: tuple[Heard, ...] = ()
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True)
class CameraView:
    """The topics of one camera; None for those that the configuration leaves out."""

    color: TopicView
    depth: TopicView | None = None
    camera_info: TopicView | None = None
    seconds: float = field(default=0.0)
    """How long was listened."""

    @property
    def topics(self) -> list[TopicView]:
        """Those that are there."""
        return [topic for topic in (self.color, self.depth, self.camera_info) if topic]
