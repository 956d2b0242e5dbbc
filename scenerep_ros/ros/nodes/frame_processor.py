"""What the worker thread does with a frame: decode, segment, publish."""

from __future__ import annotations

import threading
import time

from scenerep_ros.config.pipeline import NodeConfig
from scenerep_ros.errors import FrameError
from scenerep_ros.frames import Intrinsics, RGBDFrame, SceneSegmentation
from scenerep_ros.pipeline import Pipeline
from scenerep_ros.report import Stopwatch
from scenerep_ros.ros.conversions.camera_messages import from_stamp
from scenerep_ros.ros.conversions.images import to_color, to_depth, to_frame_id, to_intrinsics
from scenerep_ros.ros.monitoring.counters import FrameCounters
from scenerep_ros.ros.monitoring.reporter import Reporter
from scenerep_ros.ros.transport.camera_input import RawFrame, color_topic
from scenerep_ros.ros.transport.output_publishers import Publishers


class FrameProcessor:
    """Owns the pipeline; options and memory may be changed from another thread between frames.

    Stages of a frame, milliseconds: `wait` (for the frame before it), `decode`, the pipeline's
    own, `publish` with its parts `publish/TOPIC`, `total` (from the last message's arrival to the
    last output published), and `overhead` (total without wait and backbone).

    Args:
        pipeline: that segments.
        config: topics and options.
        publishers: of the results.
        counters: told of each finished frame.
        reporter: told of what is wrong with a frame.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        config: NodeConfig,
        publishers: Publishers,
        counters: FrameCounters,
        reporter: Reporter,
    ) -> None:
        self.pipeline = pipeline
        self._config = config
        self._publishers = publishers
        self._counters = counters
        self._reporter = reporter
        self._epoch = 0
        self._between_frames = threading.Lock()

    def configure(self, config: NodeConfig) -> None:
        """Take over options that can change live."""
        with self._between_frames:
            self.pipeline.configure(config)

    def reset(self) -> None:
        """Forget all objects."""
        with self._between_frames:
            self.pipeline.reset()

    def __call__(self, raw: RawFrame) -> None:
        """Process one frame.

        Raises:
            FrameError: if the frame cannot be used.
        """
        start = time.perf_counter()
        watch = Stopwatch()
        with watch("decode"):
            frame = self._decode(raw)
        scene = self._segment(frame, raw.epoch)
        watch.timings |= scene.timings
        with watch("publish"):
            self._publishers.publish(frame, scene, watch)
        self._counters.finish(_with_totals(watch.timings, raw.arrival, start), len(scene.objects))

    def _segment(self, frame: RGBDFrame, epoch: int) -> SceneSegmentation:
        with self._between_frames:
            jumped = epoch > self._epoch
            self._epoch = epoch
            if jumped:
                self.pipeline.reset()
                self._reporter.note("time_jump", "time jumped back, so all objects are forgotten")
            return self.pipeline(frame)

    def _decode(self, raw: RawFrame) -> RGBDFrame:
        config = self._config
        color = to_color(raw.color, color_topic(config))
        depth = None if raw.depth is None else to_depth(raw.depth, config.depth_topic)
        return RGBDFrame(
            color=color,
            depth=depth,
            intrinsics=self._intrinsics(raw, (color.shape[0], color.shape[1])),
            stamp_ns=from_stamp(raw.color.header.stamp),
            frame_id=to_frame_id(raw.color),
        )

    def _intrinsics(self, raw: RawFrame, shape: tuple[int, int]) -> Intrinsics | None:
        """Calibration, or None: then there are labels, and no clouds."""
        topic = self._config.camera_info_topic
        if raw.info is None:
            if topic:
                self._reporter.note("no_camera_info", f"no message on {topic}: no clouds")
            return None
        try:
            return to_intrinsics(raw.info, shape, self._config.color_topic)
        except FrameError as error:
            self._reporter.note("bad_camera_info", f"{error}: no clouds")
            return None


def _with_totals(timings: dict[str, float], arrival: float, start: float) -> dict[str, float]:
    wait = (start - arrival) * 1e3
    total = (time.perf_counter() - arrival) * 1e3
    overhead = total - wait - timings.get("backbone", 0.0)
    return {"wait": wait, **timings, "total": total, "overhead": overhead}
