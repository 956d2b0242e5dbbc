"""Processing of frames: decode and segment in the worker thread, publish in a second one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from scenerep_ros.config.pipeline import NodeConfig, PipelineConfig
from scenerep_ros.errors import ConfigError, FrameError
from scenerep_ros.frames import RGBDFrame, SceneSegmentation
from scenerep_ros.pipeline import Pipeline
from scenerep_ros.report import Stopwatch
from scenerep_ros.ros.monitoring.problem_reporter import ProblemReporter, describe_error
from scenerep_ros.ros.nodes.frame_decoder import FrameDecoder
from scenerep_ros.ros.nodes.label_watch import LabelWatch
from scenerep_ros.ros.transport.camera_input import RawFrame
from scenerep_ros.ros.transport.output_publishers import OutputPublishers

if TYPE_CHECKING:  # imported only where a map is enabled
    from scenerep_ros.ros.nodes.map_stage import MapStage

Options = TypeVar("Options", bound=PipelineConfig)

NETWORK_OPTIONS = ("backbone", "weights", "stage")
"""Options that a change of the network sets."""


class FrameProcessor:
    """Owns the pipeline and calls it in the worker thread.

    While one frame is published, the next one is segmented. Frames are published in their order, and
    never more than one at a time waits for that.

    Other threads may call `configure`, `reset`, `replace_pipeline` and `restore_previous` at any time.
    They return at once, and the worker thread applies the change before the next frame.

    Stages of a frame [ms]: `wait` (for the previous frame), `decode`, the stages of the pipeline,
    `publish` with its parts `publish/TOPIC`, `total` (from the arrival of the last message to the
    publication of the last output), and `overhead` (total without wait and backbone).

    Args:
        pipeline: pipeline that segments the frames.
        decoder: decoder of the messages of a frame.
        publishers: publishers of the results.
        reporter: reporter of problems with a frame, whose counters also count the segmented ones.
        executor: executor of one thread, which publishes.
        map_stage: map of the scene, or None; its stage is `map`.
        on_network_change: called when another pipeline is in use, after the last frame of the one
            before is published and before the next frame is segmented.

    Attributes:
        pipeline: the present pipeline.
        previous: the one before its last replacement; None if there is none to return to.
        latest: latest segmented frame, and the number of its objects; None before the first one.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        decoder: FrameDecoder,
        publishers: OutputPublishers,
        reporter: ProblemReporter,
        executor: ThreadPoolExecutor,
        map_stage: MapStage | None = None,
        on_network_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.pipeline = pipeline
        self._on_network_change = on_network_change
        self._map_stage = map_stage
        self._decoder = decoder
        self._publishers = publishers
        self._reporter = reporter
        self._executor = executor
        self._publication: Future[None] | None = None
        self._epoch = 0
        self._lock = threading.Lock()
        self._pending_config: NodeConfig | None = None
        self._pending_pipeline: Pipeline | None = None
        self._is_reset_pending = False
        self._watch: LabelWatch | None = None
        self.previous: Pipeline | None = None
        self.latest: tuple[RGBDFrame, int] | None = None

    def configure(self, config: NodeConfig) -> None:
        """Validate new options and schedule them for the next frame.

        Raises:
            ConfigError: if the options contradict each other, or the network of the next frame. The
                current options then stay.
        """
        with self._lock:
            pipeline = self._pending_pipeline or self.pipeline
        pipeline.validate(with_weights_of(config, pipeline.config))
        with self._lock:
            self._pending_config = config

    def replace_pipeline(self, pipeline: Pipeline) -> None:
        """Schedule another pipeline, with another network, for the next frame.

        The present one is kept, for `restore_previous` and in case that the labels vanish.
        """
        with self._lock:
            self._pending_pipeline = pipeline

    @property
    def has_pending_pipeline(self) -> bool:
        """True until the next frame uses a pipeline that is scheduled."""
        with self._lock:
            return self._pending_pipeline is not None

    def restore_previous(self) -> PipelineConfig:
        """Schedule the pipeline before the last replacement for the next frame.

        A replacement that no frame has used yet is revoked.

        Returns:
            The options that it was loaded with.

        Raises:
            ConfigError: if there is none, or it does not suit the current options.
        """
        with self._lock:
            is_unused = self._pending_pipeline not in (None, self.previous)
            pipeline = self.pipeline if is_unused else self.previous
            options = self._pending_config or self.pipeline.config
        if pipeline is None:
            raise ConfigError("there is no network to return to: ~/load_weights has replaced none")
        pipeline.validate(with_weights_of(options, pipeline.config))
        with self._lock:
            self._pending_pipeline = None if is_unused else pipeline
        return pipeline.config

    def reset(self) -> None:
        """Schedule a reset of the pipeline for the next frame."""
        with self._lock:
            self._is_reset_pending = True

    def finish(self) -> None:
        """Wait until the last frame is published."""
        if self._publication is not None:
            self._publication.result()
            self._publication = None

    def __call__(self, raw: RawFrame) -> None:
        """Segment one frame and start its publication, when that of the frame before has ended.

        Raises:
            FrameError: if the frame cannot be used.
        """
        self.apply_changes()
        start_s = time.perf_counter()
        stopwatch = Stopwatch()
        with stopwatch("decode"):
            frame = self._decoder(raw)
        scene = self._segment(frame, raw.epoch)
        stopwatch.timings |= scene.timings
        self.finish()
        self._publication = self._executor.submit(
            self._publish, frame, scene, stopwatch, raw.arrival_s, start_s
        )

    def _publish(
        self,
        frame: RGBDFrame,
        scene: SceneSegmentation,
        stopwatch: Stopwatch,
        arrival_s: float,
        start_s: float,
    ) -> None:
        """Publish the outputs of a frame and count it."""
        try:
            with stopwatch("publish"):
                self._publishers.publish(frame, scene, stopwatch)
        except Exception as error:  # a failure in one frame must not end the node
            self._reporter.report_error(error)
            return
        if self._map_stage is not None:
            with stopwatch("map"):
                self._integrate(self._map_stage, frame, scene)
        timings = _with_totals(stopwatch.timings, arrival_s, start_s)
        self._reporter.counters.count_segmented(timings, len(scene.objects))

    def _integrate(self, map_stage: MapStage, frame: RGBDFrame, scene: SceneSegmentation) -> None:
        """Add a frame to the map; a failure costs no labels, which are published already."""
        try:
            map_stage.integrate(frame, scene)
        except Exception as error:  # it must not end the node
            text = f"frame left out of the map: {describe_error(error)}"
            self._reporter.report_warning("map_error", text)

    def apply_changes(self) -> None:
        """Apply what is scheduled. The worker thread calls it before a frame."""
        with self._lock:
            pipeline, self._pending_pipeline = self._pending_pipeline, None
            config, self._pending_config = self._pending_config, None
            is_reset_pending, self._is_reset_pending = self._is_reset_pending, False
        if pipeline is not None:
            options = config or self.pipeline.config
            self._use(pipeline, options, keep_present=pipeline is not self.previous)
        elif config is not None:
            self.pipeline.configure(with_weights_of(config, self.pipeline.config))
        if is_reset_pending:
            self.pipeline.reset()

    def _use(self, pipeline: Pipeline, options: PipelineConfig, keep_present: bool) -> None:
        """Use another pipeline with given options but its own weights."""
        # The frame in publication has features of the present network, which the map still takes.
        self.finish()
        present = self.pipeline
        pipeline.configure(with_weights_of(options, pipeline.config))
        pipeline.reset()
        self.pipeline = pipeline
        self.previous = present if keep_present else None
        self._watch = LabelWatch(present) if keep_present else None
        if self._map_stage is not None:
            self._map_stage.use_pipeline(pipeline)
        self._on_network_change()

    def _segment(self, frame: RGBDFrame, epoch: int) -> SceneSegmentation:
        is_new_epoch = epoch > self._epoch
        self._epoch = epoch
        if is_new_epoch:
            self.pipeline.reset()
            self._reporter.report_warning("time_jump", "time jumped back, so tracking is reset")
        try:
            scene = self.pipeline(frame)
        except FrameError:
            raise
        except Exception:
            if not self._can_fall_back():
                raise
            return self._fall_back(frame, "fails")
        if (
            self._watch is not None
            and self._watch.have_labels_vanished(frame, scene)
            and self._can_fall_back()
        ):
            return self._fall_back(frame, "finds no object where the previous network does")
        self.latest = frame, len(scene.objects)
        return scene

    def _can_fall_back(self) -> bool:
        """Return whether there is a previous pipeline, and it suits the current options."""
        if self.previous is None:
            return False
        try:
            self.previous.validate(with_weights_of(self.pipeline.config, self.previous.config))
        except ConfigError:
            return False
        return True

    def _fall_back(self, frame: RGBDFrame, problem: str) -> SceneSegmentation:
        """Return to the previous pipeline, and segment the frame by it."""
        assert self.previous is not None
        weights = self.pipeline.config.weights
        self._use(self.previous, self.pipeline.config, keep_present=False)
        self._reporter.report_warning(
            "fallback", f"weights {weights}: the network {problem}, so the previous one is back"
        )
        return self.pipeline(frame)


def with_weights_of(config: Options, other: PipelineConfig) -> Options:
    """Return options with the network of others."""
    return config.model_copy(update={name: getattr(other, name) for name in NETWORK_OPTIONS})


def _with_totals(timings: dict[str, float], arrival_s: float, start_s: float) -> dict[str, float]:
    """Add the stages wait, total and overhead [ms]."""
    wait = (start_s - arrival_s) * 1e3
    total = (time.perf_counter() - arrival_s) * 1e3
    overhead = total - wait - timings.get("backbone", 0.0)
    return {"wait": wait, **timings, "total": total, "overhead": overhead}
