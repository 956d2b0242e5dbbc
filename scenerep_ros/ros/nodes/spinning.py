"""Execution of a node's callbacks, and a clean stop on signals."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

SIGNAL_POLL_PERIOD_S = 0.2
"""Time between two checks of the main thread for a signal [s]."""


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


def spin_until_signal(node: Node, close: Callable[[], None]) -> None:
    """Execute a node's callbacks until SIGINT or SIGTERM, then close it.

    Args:
        node: node, which logs that it is ready when signals are handled.
        close: function that closes the node; further signals have no effect on it.
    """
    stop = Event()
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    with stop_on_signals(stop):
        node.get_logger().info("ready")
        while not stop.is_set():
            executor.spin_once(timeout_sec=SIGNAL_POLL_PERIOD_S)
        close()


@contextmanager
def executing(node: Node) -> Iterator[None]:
    """Execute a node's callbacks in a thread while the body runs.

    The thread ends before its executor is shut down: ``Executor.shutdown`` destroys the guard
    condition that a callback in another thread may be about to trigger.
    """
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    stop = Event()

    def spin() -> None:
        while executor.context.ok() and not stop.is_set():
            executor.spin_once()

    thread = Thread(target=spin, name="spin", daemon=True)
    thread.start()
    try:
        yield
    finally:
        executor.create_task(stop.set)
        thread.join()
        executor.shutdown()


@contextmanager
def spinning(node: Node) -> Iterator[None]:
    """Execute a node's callbacks in a thread while the body runs, then destroy the node."""
    try:
        with executing(node):
            yield
    finally:
        node.destroy_node()
