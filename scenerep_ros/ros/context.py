"""Context of ROS in a process that handles signals itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import rclpy
from rclpy.signals import SignalHandlerOptions

from scenerep_ros.errors import ConfigError
from scenerep_ros.filesystem.share import configure_fastdds
from scenerep_ros.ros.transport.shared_memory import remove_dead_segments


@contextmanager
def ros_context(args: list[str] | None = None) -> Iterator[None]:
    """Initialize ROS without its signal handlers, which would shut it down while a node works.

    Shared-memory files that killed processes have left are removed first.

    Args:
        args: ROS arguments; None: those of the process.

    Raises:
        ConfigError: if the arguments are invalid.
    """
    configure_fastdds()
    remove_dead_segments()
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:
        raise ConfigError(f"ROS arguments: {error}") from None
    try:
        yield
    finally:
        rclpy.try_shutdown()
