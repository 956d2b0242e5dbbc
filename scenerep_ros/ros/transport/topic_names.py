"""Names of the camera topics: namespace, remapping and transport."""

from __future__ import annotations

from typing import TypeVar

from rclpy.node import Node

from scenerep_ros.config.options import TopicOptions
from scenerep_ros.errors import ConfigError

Options = TypeVar("Options", bound=TopicOptions)


def resolve_topics(node: Node, config: Options) -> Options:
    """Return the options with topic names in the namespace of the node, after remapping.

    Remapping applies to the base name, as in image_transport, which then appends the transport.

    Raises:
        ConfigError: naming an option whose value is no name of a topic.
    """
    resolved = {"color_topic": resolve_topic(node, "color_topic", config.color_topic)}
    for name in ("depth_topic", "camera_info_topic"):
        topic = getattr(config, name)
        resolved[name] = resolve_topic(node, name, topic) if topic else ""
    return config.model_copy(update=resolved)


def resolve_topic(node: Node, option: str, topic: str) -> str:
    """Return the full name of the topic that an option names.

    Raises:
        ConfigError: if it is no name of a topic.
    """
    try:
        return str(node.resolve_topic_name(topic))
    except RuntimeError as error:  # RCLError, which rclpy does not export
        reason = str(error).partition(", at /")[0]
        raise ConfigError(f"option {option} = {topic!r}: {reason}; correct the name") from None


def color_topic(config: TopicOptions) -> str:
    """Return the name of the topic of color images, which depends on the transport."""
    return config.color_topic + ("/compressed" if config.transport == "compressed" else "")


def depth_topic(config: TopicOptions) -> str:
    """Return the name of the topic of depth images, which depends on the transport; empty for none."""
    is_raw = config.depth_transport == "raw" or not config.depth_topic
    return config.depth_topic if is_raw else f"{config.depth_topic}/{config.depth_transport}"
