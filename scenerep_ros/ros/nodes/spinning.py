"""Serving a node while the main thread works, and stopping it cleanly."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node


@contextmanager
def signals_set(stop: Event) -> Iterator[None]:
    """Let SIGINT and SIGTERM set the event, however often they come."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    previous = [signal.signal(number, lambda *_: stop.set()) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, previous, strict=True):
            signal.signal(number, handler)


@contextmanager
def spinning(node: Node) -> Iterator[None]:
    """Serve a node's callbacks in a thread."""
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    thread = Thread(target=executor.spin, name="spin", daemon=True)
    thread.start()
    try:
        yield
    finally:
        executor.shutdown()
        thread.join()
        node.destroy_node()
