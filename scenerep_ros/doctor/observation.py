"""Observations of a camera's topics, on which the checks run."""

from __future__ import annotations

from dataclasses import dataclass

from scenerep_ros.geometry.calibration import Calibration


@dataclass(frozen=True)
class Endpoint:
    """Publisher or subscriber of a topic.

    Attributes:
        node: name of the node, with namespace.
        type: message type, such as sensor_msgs/msg/Image.
        is_reliable: whether a publisher offers, or a subscriber requires, reliable delivery.
        is_transient_local: whether a publisher offers, or a subscriber requires, transient local
            durability, by which late subscribers receive earlier messages.
    """

    node: str
    type: str
    is_reliable: bool
    is_transient_local: bool = False


@dataclass(frozen=True)
class MessageSummary:
    """Summary of one message.

    Attributes:
        arrival: time of arrival on a monotonic clock [s].
        stamp: stamp of the header [s].
        frame_id: frame id of the header.
        encoding: encoding of an image, or format of a compressed image; empty for camera_info.
        size: width and height [px]; None for a compressed image.
        calibration: content of a camera_info.
        depth_statistics: ratio of valid pixels and median depth [m] of a depth image.
    """

    arrival: float
    stamp: float
    frame_id: str
    encoding: str = ""
    size: tuple[int, int] | None = None
    calibration: Calibration | None = None
    depth_statistics: tuple[float, float] | None = None


@dataclass(frozen=True)
class TopicObservation:
    """Endpoints and messages of one topic.

    Attributes:
        name: name of the topic.
        type: message type to which the segmenter subscribes.
        publishers: publishers of any type.
        subscribers: subscribers other than the observer.
        messages: summaries of the received messages in order of arrival.
        alternatives: names of other topics of this type.
    """

    name: str
    type: str
    publishers: tuple[Endpoint, ...] = ()
    subscribers: tuple[Endpoint, ...] = ()
    messages: tuple[MessageSummary, ...] = ()
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True)
class CameraObservation:
    """Topics of one camera; None for topics that the configuration leaves out.

    Attributes:
        color: topic of color images.
        depth: topic of depth images, or None.
        camera_info: topic of the calibration, or None.
        duration_s: duration of the observation [s].
    """

    color: TopicObservation
    depth: TopicObservation | None = None
    camera_info: TopicObservation | None = None
    duration_s: float = 0.0

    @property
    def topics(self) -> list[TopicObservation]:
        """Configured topics."""
        return [topic for topic in (self.color, self.depth, self.camera_info) if topic]
