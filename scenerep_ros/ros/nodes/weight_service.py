"""Services ~/load_weights and ~/rollback: another network in the running node."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.task import Future
from std_srvs.srv import Trigger

from scenerep_ros.backbones.runtimes.graph import is_graph
from scenerep_ros.backbones.weights.checkpoint import find_checkpoint, weights_path
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.config.pipeline import NodeConfig
from scenerep_ros.errors import ConfigError, ScenerepError, WeightsError
from scenerep_ros.pipeline import Pipeline
from scenerep_ros.ros.monitoring.problem_reporter import describe_error
from scenerep_ros.ros.nodes.frame_processor import (
    NETWORK_OPTIONS,
    FrameProcessor,
    with_weights_of,
)
from scenerep_ros.ros.nodes.parameters import LiveOptions


class WeightService:
    """Loads another network beside the present one, tries it and puts it in its place.

    A thread builds the network while frames go on; the node's executor is free meanwhile. Tracking
    restarts with the new network, whose features do not compare with those of the old one.

    Args:
        node: node that serves.
        options: its options.
        get_processor: returns the processor of the frames; None while the node is unconfigured.
    """

    def __init__(
        self,
        node: Node,
        options: LiveOptions[NodeConfig],
        get_processor: Callable[[], FrameProcessor | None],
    ) -> None:
        self._node = node
        self._options = options
        self._get_processor = get_processor
        self._is_loading = False
        # While a coroutine waits, its callback group is blocked, so it needs one of its own.
        group = MutuallyExclusiveCallbackGroup()
        node.create_service(Trigger, "~/load_weights", self._on_load, callback_group=group)
        node.create_service(Trigger, "~/rollback", self._on_rollback)

    def load_now(self, config: NodeConfig) -> None:
        """Load the network of an inactive node, in the calling thread.

        Raises:
            ConfigError, WeightsError: if it cannot be used; the old one stays.
        """
        processor = self._get_processor()
        assert processor is not None
        processor.replace_pipeline(Pipeline(config))
        processor.apply_changes()

    def update_parameters(self) -> None:
        """Set the parameters of the network to those in use, after a change that no one asked for."""
        processor = self._get_processor()
        if processor is None or processor.has_pending_pipeline:
            return
        config = with_weights_of(self._options.config, processor.pipeline.config)
        if config != self._options.config:
            self._set_parameters(config)

    async def _on_load(
        self, _request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        try:
            response.message = await self._load()
            response.success = True
        except Exception as error:  # it would end the executor and so the node
            response.success, response.message = False, describe_error(error)
            self._node.get_logger().warning(
                f"weights not loaded, the old ones stay: {response.message}"
            )
        return response

    async def _load(self) -> str:
        processor, config = self._require_processor(), self._options.config
        if self._is_loading:
            raise ConfigError("~/load_weights is at work already; wait for its answer")
        if not config.next_weights:
            raise ConfigError("next_weights is empty; set it to the weights to load")
        self._is_loading = True
        try:
            pipeline: Pipeline = await self._build(
                with_weights(config, config.next_weights), processor
            )
        finally:
            self._is_loading = False
        if self._get_processor() is not processor:
            raise ConfigError("the node was cleaned up meanwhile")
        # Options that have changed meanwhile apply to the new network, too.
        config = with_weights_of(self._options.config, pipeline.config)
        pipeline.validate(config)
        processor.replace_pipeline(pipeline)
        self._set_parameters(config)
        return f"{config.weights}: {pipeline.backbone.name} is used from the next frame on"

    def _build(self, config: NodeConfig, processor: FrameProcessor) -> Any:
        """Build and try a pipeline in a thread; return the future of it."""
        executor = self._node.executor
        future: Any = Future(executor=executor)

        def work() -> None:
            try:
                future.set_result(try_pipeline(config, processor))
            except Exception as error:  # any other would be lost in the thread
                is_expected = isinstance(error, ScenerepError)
                text = f"{config.weights}: {type(error).__name__}: {error}"
                future.set_exception(error if is_expected else WeightsError(text))
            if executor is not None:
                executor.wake()

        threading.Thread(target=work, name="load_weights", daemon=True).start()
        return future

    def _on_rollback(
        self, _request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        try:
            config = self._require_processor().restore_previous()
        except ScenerepError as error:
            response.success, response.message = False, str(error)
            return response
        self._set_parameters(with_weights_of(self._options.config, config))
        response.success = True
        response.message = f"weights {config.weights} are used from the next frame on"
        return response

    def _require_processor(self) -> FrameProcessor:
        processor = self._get_processor()
        if processor is None:
            raise ConfigError("the node is not configured; set the parameter weights instead")
        return processor

    def _set_parameters(self, config: NodeConfig) -> None:
        """Adopt the options of a network that is in use, and show them as parameters."""
        self._options.config = config
        values: dict[str, Any] = {name: getattr(config, name) for name in NETWORK_OPTIONS}
        self._node.set_parameters([Parameter(name, value=value) for name, value in values.items()])


def with_weights(config: NodeConfig, weights: str) -> NodeConfig:
    """Return options with other weights; a checkpoint also defines backbone and stage."""
    updates: dict[str, Any] = {"weights": weights}
    if find_checkpoint(weights) is not None or is_graph(weights_path(weights)):
        fields = BackboneOptions.model_fields
        updates |= {name: fields[name].default for name in ("backbone", "stage")}
    return config.model_copy(update=updates)


def try_pipeline(config: NodeConfig, processor: FrameProcessor) -> Pipeline:
    """Build a pipeline, and segment the latest frame by it.

    Raises:
        ConfigError, WeightsError: if the network cannot be used, or finds no object in a frame in
            which the present one does.
    """
    pipeline = Pipeline(config)
    if processor.latest is not None:
        frame, object_count = processor.latest
        if object_count and not pipeline(frame).objects:
            raise WeightsError(
                f"{config.weights}: finds no object in the latest frame, in which the present "
                f"network finds {object_count}"
            )
    return pipeline
