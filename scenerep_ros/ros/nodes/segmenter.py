"""Node `segmenter`: hears an RGB-D camera, publishes object masks and labelled point clouds."""

from __future__ import annotations

import gc
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import rclpy
import torch
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType  # type: ignore[attr-defined]  # Humble has it here only
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.signals import SignalHandlerOptions
from std_srvs.srv import Trigger

from scenerep_ros.config.options import NodeConfig
from scenerep_ros.errors import ConfigError, FrameError, ScenerepError
from scenerep_ros.pipeline import Pipeline
from scenerep_ros.ros.monitoring.counters import Counts, FrameCounters
from scenerep_ros.ros.monitoring.diagnostics import status
from scenerep_ros.ros.monitoring.reporter import Reporter
from scenerep_ros.ros.nodes.frame_processor import FrameProcessor
from scenerep_ros.ros.nodes.parameters import LiveOptions, declare_options
from scenerep_ros.ros.nodes.spinning import signals_set
from scenerep_ros.ros.nodes.worker import NewestWorker
from scenerep_ros.ros.transport.camera_input import CameraInput, RawFrame
from scenerep_ros.ros.transport.output_publishers import Publishers

DIAGNOSTICS_PERIOD = 1.0
SIGNAL_LATENCY = 0.2
"""Seconds after which the main thread looks whether it was asked to stop."""


class SegmenterNode(LifecycleNode):
    """Lifecycle node around one pipeline.

    Configure loads the weights, activate subscribes, deactivate unsubscribes and ends the frame at
    hand, cleanup frees the memory.

    Args:
        **kwargs: of rclpy.node.Node.

    Raises:
        ConfigError: if a parameter has a value that cannot work.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("segmenter", **kwargs)
        config = declare_options(self, NodeConfig)
        self._options = LiveOptions(self, config, self._apply)
        self._counters = FrameCounters()
        self._reporter = Reporter(self._counters, self._warn)
        self._outputs: Publishers | None = None
        self._processor: FrameProcessor | None = None
        self._worker: NewestWorker[RawFrame] | None = None
        self._input: CameraInput | None = None
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self.create_service(Trigger, "~/reset", self._on_reset)
        # Not the node's clock: under use_sim_time that one stands still while nothing is replayed.
        clock = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(DIAGNOSTICS_PERIOD, self._on_timer, clock=clock)

    @property
    def config(self) -> NodeConfig:
        """All options, as they are now."""
        return self._options.config

    @property
    def counts(self) -> Counts:
        """What became of the frames so far."""
        return self._counters.counts()

    def start(self) -> bool:
        """Configure and activate; False, with the reason in the log, if that fails."""
        success = TransitionCallbackReturn.SUCCESS
        return self.trigger_configure() == success and self.trigger_activate() == success

    def close(self) -> None:
        """Stop and free everything; may be called twice, and in any state."""
        self._deactivate()
        self._release()

    def on_configure(self, _previous: LifecycleState) -> TransitionCallbackReturn:
        """Load the weights and offer the outputs."""
        return self._attempt("configure", self._configure)

    def on_activate(self, _previous: LifecycleState) -> TransitionCallbackReturn:
        """Start listening."""
        return self._attempt("activate", self._activate)

    def on_deactivate(self, _previous: LifecycleState) -> TransitionCallbackReturn:
        """Stop listening."""
        return self._attempt("deactivate", self._deactivate)

    def on_cleanup(self, _previous: LifecycleState) -> TransitionCallbackReturn:
        """Free the network's memory and take the outputs back."""
        return self._attempt("cleanup", self._release)

    def on_shutdown(self, _previous: LifecycleState) -> TransitionCallbackReturn:
        """Stop and free everything."""
        return self._attempt("shutdown", self.close)

    def on_error(self, _previous: LifecycleState) -> TransitionCallbackReturn:
        """Go back to the unconfigured state."""
        return self._attempt("error processing", self.close)

    def _attempt(self, transition: str, work: Callable[[], None]) -> TransitionCallbackReturn:
        """Run a transition's work; rclpy would swallow an exception without a word."""
        try:
            work()
        except Exception as error:
            self.get_logger().error(f"cannot {transition}: {self._explain(error)}")
            return TransitionCallbackReturn.FAILURE
        return TransitionCallbackReturn.SUCCESS

    def _configure(self) -> None:
        pipeline = Pipeline(self.config)
        self._outputs = Publishers(self)
        self._processor = FrameProcessor(
            pipeline, self.config, self._outputs, self._counters, self._reporter
        )
        self._worker = NewestWorker(self._processor, self._on_skip, self._on_error_in_frame)
        backbone, method = pipeline.backbone, self.config.method
        self.get_logger().info(f"{backbone.name} on {backbone.device}, method {method}")

    def _activate(self) -> None:
        assert self._worker is not None
        self._input = CameraInput(
            self, lambda: self.config, self._counters, self._reporter, self._worker.submit
        )
        self._worker.start()

    def _deactivate(self) -> None:
        if self._input is not None:
            self._input.close()
            self._input = None
        if self._worker is not None:
            self._worker.stop()
        self._publish_diagnostics()

    def _release(self) -> None:
        if self._outputs is not None:
            self._outputs.destroy()
        self._outputs = self._processor = self._worker = None
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _apply(self, config: NodeConfig) -> None:
        if self._processor is not None:
            self._processor.configure(config)

    def _warn(self, text: str) -> None:
        self.get_logger().warning(text)

    def _on_skip(self, _raw: RawFrame) -> None:
        self._reporter.drop("superseded")

    def _on_error_in_frame(self, error: Exception) -> None:
        reason = "bad_image" if isinstance(error, FrameError) else "error"
        self._reporter.drop(reason, self._explain(error))

    def _on_reset(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = self._processor is not None
        response.message = "all objects are forgotten"
        if self._processor is None:
            response.message = "nothing to reset: the node is not configured"
        else:
            self._processor.reset()
        return response

    def _on_timer(self) -> None:
        if self._input is not None:
            self._input.expire()
        self._publish_diagnostics()

    def _publish_diagnostics(self) -> None:
        silent = self._input.watch.silent() if self._input else []
        summary = status(
            self.get_fully_qualified_name(), self._state, silent, self.counts, self._facts()
        )
        message = DiagnosticArray(status=[summary])
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(message)

    @property
    def _state(self) -> str:
        if self._input is not None:
            return "active"
        return "unconfigured" if self._processor is None else "inactive"

    def _facts(self) -> dict[str, str]:
        facts: dict[str, str] = {"method": self.config.method}
        if self._processor is None:
            return facts
        backbone = self._processor.pipeline.backbone
        return facts | {"backbone": backbone.name, "device": str(backbone.device)}

    def _explain(self, error: Exception) -> str:
        """Say what happened; where it was not foreseen, name the type and log the traceback."""
        if isinstance(error, ScenerepError):
            return str(error)
        self.get_logger().debug("".join(traceback.format_exception(error)))
        return f"{type(error).__name__}: {error}"


def main(args: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM, however often these come; returns the exit code."""
    try:
        with _ros(args):
            return _run()
    except ScenerepError as error:
        sys.stderr.write(f"segmenter: {error}\n")
        return 1
    except KeyboardInterrupt:  # while the weights load; later, signals end the loop below
        return 130


def _run() -> int:
    node = SegmenterNode()
    try:
        if node.config.autostart and not node.start():
            return 1
        _spin(node)
        return 0
    finally:
        node.close()
        node.destroy_node()


def _spin(node: SegmenterNode) -> None:
    """Serve the node until a signal comes, and end it with signals that no longer matter."""
    stop = threading.Event()
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    with signals_set(stop):
        node.get_logger().info("ready")
        while not stop.is_set():
            executor.spin_once(timeout_sec=SIGNAL_LATENCY)
        node.close()


@contextmanager
def _ros(args: list[str] | None) -> Iterator[None]:
    """Hold a ROS context that leaves signals alone, so that nothing is torn down under a frame."""
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:
        raise ConfigError(f"ROS arguments: {error}") from None
    try:
        yield
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    sys.exit(main())
