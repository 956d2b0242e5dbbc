"""Names of the camera topics: namespace, remapping and transport."""

from __future__ import annotations

from typing import TypeVar

from rclpy.node import Node

from scenerep_ros.config.options import TopicOptions

Options = TypeVar("Options", bound=TopicOptions)


def resolve_topics(node: Node, config: Options) -> Options:
    """Return the options with topic names in the namespace of the node, after remapping.

    Remapping applies to the base name, as in image_transport, which then appends the transport.
    """
    names = ("color_topic", "depth_topic", "camera_info_topic")
    topics = {name: getattr(config, name) for name in names}
    resolved = {
        name: node.resolve_topic_name(topic) if topic else "" for name, topic in topics.items()
    }
    return config.model_copy(update=resolved)


def color_topic(config: TopicOptions) -> str:
    """Return the name of the topic of color images, which depends on the transport."""
    return config.color_topic + ("/compressed" if config.transport == "compressed" else "")


def depth_topic(config: TopicOptions) -> str:
    """Return the name of the topic of depth images, which depends on the transport; empty for none."""
    is_raw = config.depth_transport == "raw" or not config.depth_topic
    return config.depth_topic if is_raw else f"{config.depth_topic}/{config.depth_transport}"
