"""Execution of a node's callbacks in a thread, and a clean stop on signals."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node


@contextmanager
def stop_on_signals(stop: Event) -> Iterator[None]:
    """Set the event on every SIGINT and SIGTERM while the body runs."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    previous_handlers = [signal.signal(number, lambda *_: stop.set()) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, previous_handlers, strict=True):
            signal.signal(number, handler)


@contextmanager
def spinning(node: Node) -> Iterator[None]:
    """Execute a node's callbacks in a thread while the body runs, then destroy the node."""
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
