"""Node `segmenter`: subscribes to an RGB-D camera, publishes object masks and labeled clouds."""

from __future__ import annotations

import gc
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType  # type: ignore[attr-defined]  # Humble has it here only
from std_srvs.srv import Trigger

from scenerep_ros.backbones.hardware import release_gpu_memory
from scenerep_ros.config.pipeline import NodeConfig
from scenerep_ros.errors import ScenerepError
from scenerep_ros.interruption import INTERRUPTED, end_process, interrupt_once
from scenerep_ros.pipeline import Pipeline
from scenerep_ros.ros.context import ros_context
from scenerep_ros.ros.monitoring.counters import Counts, FrameCounters
from scenerep_ros.ros.monitoring.diagnostics import (
    diagnostics_message,
    segmenter_facts,
    segmenter_status,
)
from scenerep_ros.ros.monitoring.problem_reporter import ProblemReporter
from scenerep_ros.ros.monitoring.topic_monitor import NO_TOPICS
from scenerep_ros.ros.nodes.frame_decoder import FrameDecoder
from scenerep_ros.ros.nodes.frame_processor import (
    NETWORK_OPTIONS,
    FrameProcessor,
    with_weights_of,
)
from scenerep_ros.ros.nodes.managed_node import ManagedNode
from scenerep_ros.ros.nodes.parameters import LiveOptions, declare_options
from scenerep_ros.ros.nodes.spinning import spin_until_signal
from scenerep_ros.ros.nodes.weight_service import WeightService
from scenerep_ros.ros.nodes.worker import LatestFrameWorker
from scenerep_ros.ros.transport.camera_input import CameraInput, RawFrame
from scenerep_ros.ros.transport.camera_poses import CameraPoses
from scenerep_ros.ros.transport.output_publishers import OutputPublishers
from scenerep_ros.ros.transport.topic_names import resolve_topics

if TYPE_CHECKING:
    from scenerep_ros.ros.nodes.map_stage import MapStage

DIAGNOSTICS_PERIOD_S = 1.0
SWAP_HINT = ", or set next_weights and call ~/load_weights while it runs"
"""Way to change the network of an active node."""


class SegmenterNode(ManagedNode):
    """Lifecycle node around one pipeline.

    Configure loads the weights, activate subscribes, deactivate unsubscribes and finishes the frames
    in progress, cleanup frees the memory.

    Args:
        **kwargs: arguments of rclpy.node.Node.

    Raises:
        ConfigError: if a parameter has an invalid value.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("segmenter", **kwargs)
        config = declare_options(self, NodeConfig, is_reconfigurable=True)
        self._options = LiveOptions(
            self,
            config,
            self._apply_options,
            self._is_configured,
            self._inactive_options,
            dict.fromkeys(NETWORK_OPTIONS, SWAP_HINT),
        )
        self._counters = FrameCounters()
        # A replay in lockstep waits for the status of a frame that has no labels.
        self._reporter = ProblemReporter(
            self._counters, self._log_warning, on_fault=self._publish_diagnostics
        )
        self._output_publishers: OutputPublishers | None = None
        self._map_stage: MapStage | None = None
        self._processor: FrameProcessor | None = None
        self._worker: LatestFrameWorker[RawFrame] = LatestFrameWorker(
            self._process, self._on_superseded, self._reporter.report_error
        )
        self._publishing = ThreadPoolExecutor(max_workers=1, thread_name_prefix="publish")
        self._input: CameraInput | None = None
        self._poses: CameraPoses | None = None
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self.create_service(Trigger, "~/reset", self._on_reset)
        self._weights = WeightService(self, self._options, lambda: self._processor)
        # The node's own clock stands still under use_sim_time while nothing is replayed.
        clock = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(DIAGNOSTICS_PERIOD_S, self._on_timer, clock=clock)

    @property
    def config(self) -> NodeConfig:
        """Current options. A change takes effect with the next frame."""
        return self._options.config

    @property
    def counts(self) -> Counts:
        """Frame counts since the start of the node."""
        return self._counters.snapshot()

    def close(self) -> None:
        """Stop and free everything. Idempotent, and allowed in every state."""
        self._deactivate()
        self._release()
        self._worker.close()
        self._publishing.shutdown()

    def _configure(self) -> None:
        try:
            self._create_parts()
        except Exception:
            self._release()  # the next attempt would create the publishers again beside those
            raise

    def _create_parts(self) -> None:
        pipeline = Pipeline(self.config)
        config = resolve_topics(self, self.config)
        self._poses = CameraPoses(self, config.target_frame) if config.target_frame else None
        self._output_publishers = OutputPublishers(self, lambda: self.config)
        self._map_stage = self._create_map_stage(pipeline)
        self._processor = FrameProcessor(
            pipeline,
            FrameDecoder(config, self._reporter, self._poses),
            self._output_publishers,
            self._reporter,
            self._publishing,
            self._map_stage,
            self._on_network_change,
        )
        backbone, method = pipeline.backbone, self.config.method
        self.get_logger().info(
            f"{backbone.name} on {backbone.device}, runtime {backbone.runtime}, method {method}"
        )

    def _create_map_stage(self, pipeline: Pipeline) -> MapStage | None:
        if not self.config.map.enabled:
            return None
        from scenerep_ros.ros.nodes.map_stage import MapStage  # not imported without a map

        return MapStage(self, lambda: self.config.map, pipeline, self._reporter)

    def _activate(self) -> None:
        self._input = CameraInput(
            self, lambda: self.config, self._counters, self._reporter, self._worker.submit
        )
        self._worker.start()
        self._publish_diagnostics()

    def _deactivate(self) -> None:
        if self._input is not None:
            self._input.close()
            self._input = None
        self._worker.stop()
        if self._processor is not None:
            self._processor.finish()
        if self._output_publishers is not None and self.context.ok():
            self._output_publishers.delete_markers()
        self._publish_diagnostics()

    def _release(self) -> None:
        if self._processor is not None:
            self._processor.finish()
        if self._output_publishers is not None:
            self._output_publishers.destroy()
        if self._map_stage is not None:
            self._map_stage.destroy()
            self._map_stage = None
        if self._poses is not None:
            self._poses.close()
        self._poses = None
        self._output_publishers = self._processor = None

    def _free_memory(self) -> None:
        self._release()
        gc.collect()
        release_gpu_memory()

    def _is_configured(self) -> bool:
        return self._processor is not None

    def _inactive_options(self) -> tuple[str, ...]:
        """Return the options of the network, which may change while no frame is processed."""
        return NETWORK_OPTIONS if self._input is None else ()

    def _apply_options(self, config: NodeConfig) -> None:
        if self._processor is None:
            return
        if with_weights_of(config, self.config) != config:
            self._weights.load_now(config)
        self._processor.configure(config)

    def _log_warning(self, text: str) -> None:
        self.get_logger().warning(text)

    def _process(self, raw: RawFrame) -> None:
        assert self._processor is not None
        self._processor(raw)

    def _on_superseded(self, _raw: RawFrame) -> None:
        self._reporter.report_drop("superseded")

    def _on_network_change(self) -> None:
        """Report the network of the next frame at once, in the status and in the parameters."""
        self._publish_diagnostics()
        if self.executor is not None:  # this is the thread of the frames
            self.executor.create_task(self._weights.update_parameters)

    def _on_reset(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = self._processor is not None
        if self._processor is None:
            response.message = "nothing to reset: the node is not configured"
        else:
            self._processor.reset()
            response.message = "tracking is reset before the next frame"
        return response

    def _on_timer(self) -> None:
        if self._input is not None:
            self._input.expire()
        self._weights.update_parameters()
        self._publish_diagnostics()

    def _publish_diagnostics(self) -> None:
        camera_input = self._input  # another thread may publish while the node is deactivated
        topics = camera_input.topic_states() if camera_input else NO_TOPICS
        processor, map_stage = self._processor, self._map_stage
        facts = segmenter_facts(self.config.method, processor.pipeline if processor else None)
        if map_stage is not None:
            facts |= map_stage.facts
        status = segmenter_status(
            self.get_fully_qualified_name(), self._state, topics, self.counts, facts
        )
        self._diagnostics.publish(diagnostics_message(status, self.get_clock().now().to_msg()))

    @property
    def _state(self) -> str:
        if self._input is not None:
            return "active"
        if self._is_finalized:
            return "finalized"
        return "unconfigured" if self._processor is None else "inactive"


def main(args: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM; return the exit code. Repeated signals are harmless."""
    # The stages, which know nothing of ROS, log the progress of a first start and warnings.
    logging.basicConfig(level=logging.INFO, format="[%(levelname)s] [segmenter]: %(message)s")
    try:
        with interrupt_once(), ros_context(args):
            return _run()
    except ScenerepError as error:
        sys.stderr.write(f"segmenter: {error}\n")
        return 1
    except KeyboardInterrupt:  # during the load of the weights; a node that spins handles signals
        return INTERRUPTED


def _run() -> int:
    node = SegmenterNode()
    try:
        if node.config.autostart and not node.start():
            return 1
        spin_until_signal(node, node.close)
        return 0
    finally:
        node.close()
        node.destroy_node()


if __name__ == "__main__":
    end_process(main())
