"""Frame processor with a pipeline that blocks within a frame."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Semaphore, Thread

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from segmenter_rig import TIMEOUT_S, make_frame

from scenerep_ros.config.pipeline import NodeConfig
from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import SceneSegmentation
from scenerep_ros.ros.conversions.camera_messages import camera_messages
from scenerep_ros.ros.monitoring.counters import FrameCounters
from scenerep_ros.ros.monitoring.problem_reporter import ProblemReporter
from scenerep_ros.ros.nodes.frame_decoder import FrameDecoder
from scenerep_ros.ros.nodes.frame_processor import FrameProcessor
from scenerep_ros.ros.nodes.worker import LatestFrameWorker
from scenerep_ros.ros.transport.camera_input import RawFrame


class GatedPipeline:
    """Records its calls; while the gate is closed, it blocks within a frame."""

    config = NodeConfig()

    def __init__(self):
        self.calls = []
        self.gate = Event()
        self.gate.set()
        self.entered = Semaphore(0)

    def __call__(self, frame):
        self.calls.append("segment")
        self.entered.release()
        assert self.gate.wait(TIMEOUT_S)
        return SceneSegmentation(frame.depth.astype("uint16"))

    def validate(self, config):
        pass

    def configure(self, config):
        self.calls.append(f"configure {config.resolution}")

    def reset(self):
        self.calls.append("reset")


class GatedPublishers:
    """Records the stamps of published frames; while the gate is closed, it blocks within one."""

    def __init__(self):
        self.stamps = []
        self.events = []
        self.gate = Event()
        self.gate.set()
        self.is_broken = False

    def publish(self, frame, scene, stopwatch):
        assert self.gate.wait(TIMEOUT_S)
        if self.is_broken:
            raise OSError("no network")
        self.stamps.append(frame.stamp_ns)
        self.events.append(f"frame {frame.stamp_ns}")


def raw_frame(epoch=0, stamp_ns=10**9):
    messages = camera_messages(make_frame(stamp_ns), "raw")
    return RawFrame(messages.color, messages.depth, messages.camera_info, 0.0, epoch)


@pytest.fixture
def pipeline():
    return GatedPipeline()


@pytest.fixture
def publishers():
    return GatedPublishers()


@pytest.fixture
def counters():
    return FrameCounters()


@pytest.fixture
def executor(publishers):
    with ThreadPoolExecutor(1) as executor:
        yield executor
        publishers.gate.set()


@pytest.fixture
def processor(pipeline, publishers, counters, executor):
    reporter = ProblemReporter(counters, print)
    decoder = FrameDecoder(NodeConfig(), reporter)
    return FrameProcessor(pipeline, decoder, publishers, reporter, executor)


@pytest.fixture
def worker(processor):
    worker = LatestFrameWorker(processor, print, print)
    worker.start()
    yield worker
    processor.pipeline.gate.set()
    worker.close()


def change_options_and_reset(processor):
    processor.configure(NodeConfig(resolution=64))
    processor.configure(NodeConfig(resolution=128))
    processor.reset()


def test_processor_changes_during_frame_return_before_its_end(pipeline, processor, worker):
    pipeline.gate.clear()
    worker.submit(raw_frame())
    assert pipeline.entered.acquire(timeout=TIMEOUT_S)
    caller = Thread(target=change_options_and_reset, args=[processor], daemon=True)
    caller.start()
    caller.join(TIMEOUT_S)
    assert not caller.is_alive()  # although the gate is still closed
    assert pipeline.calls == ["segment"]
    pipeline.gate.set()
    worker.submit(raw_frame())
    assert pipeline.entered.acquire(timeout=TIMEOUT_S)
    assert pipeline.calls == ["segment", "configure 128", "reset", "segment"]


def test_processor_changes_apply_once_before_the_next_frame(pipeline, processor):
    change_options_and_reset(processor)
    assert pipeline.calls == []
    processor(raw_frame())
    processor(raw_frame())
    assert pipeline.calls == ["configure 128", "reset", "segment", "segment"]


def test_processor_invalid_options_raise_and_are_not_applied(pipeline, processor, monkeypatch):
    def refuse(config):
        raise ConfigError("options contradict each other")

    monkeypatch.setattr(pipeline, "validate", refuse)
    with pytest.raises(ConfigError, match="contradict"):
        processor.configure(NodeConfig())
    processor(raw_frame())
    assert pipeline.calls == ["segment"]


def test_processor_new_epoch_resets_the_pipeline(pipeline, processor, counters):
    for epoch in (0, 1, 1):
        processor(raw_frame(epoch))
    assert pipeline.calls == ["segment", "reset", "segment", "segment"]
    assert counters.snapshot().warnings == {"time_jump": 1}


def test_processor_adds_wait_total_and_overhead_to_timings(processor, counters):
    processor(raw_frame())
    processor.finish()
    timings = counters.snapshot().timings[0]
    assert list(timings) == ["wait", "decode", "publish", "total", "overhead"]
    assert timings["overhead"] == pytest.approx(timings["total"] - timings["wait"])


def test_processor_without_calibration_warns_and_segments(processor, counters):
    messages = camera_messages(make_frame(10**9), "raw")
    processor(RawFrame(messages.color, messages.depth, None, 0.0, 0))
    processor.finish()
    assert counters.snapshot().warnings == {"no_camera_info": 1}
    assert counters.snapshot().segmented == 1


def test_processor_segments_the_next_frame_during_publication(
    pipeline, publishers, processor, worker
):
    publishers.gate.clear()
    for index in range(2):
        worker.submit(raw_frame(stamp_ns=index))
        assert pipeline.entered.acquire(timeout=TIMEOUT_S)
    assert publishers.stamps == []  # the first frame is not published yet
    publishers.gate.set()
    worker.stop()
    processor.finish()
    assert publishers.stamps == [0, 1]


def test_processor_failed_publication_costs_one_frame(publishers, processor, counters):
    publishers.is_broken = True
    processor(raw_frame(stamp_ns=1))
    processor.finish()
    publishers.is_broken = False
    processor(raw_frame(stamp_ns=2))
    processor.finish()
    assert publishers.stamps == [2]
    assert counters.snapshot().segmented == 1
    assert counters.snapshot().dropped == {"error": 1}


class BrokenMap:
    """Fails in every frame."""

    def integrate(self, frame, scene):
        raise MemoryError("no voxels")


def test_processor_failed_map_costs_no_published_frame(pipeline, publishers, counters, executor):
    reporter = ProblemReporter(counters, print)
    decoder = FrameDecoder(NodeConfig(), reporter)
    processor = FrameProcessor(pipeline, decoder, publishers, reporter, executor, BrokenMap())
    processor(raw_frame(stamp_ns=1))
    processor.finish()
    counts = counters.snapshot()
    assert publishers.stamps == [1]
    assert (counts.segmented, counts.dropped) == (1, {})
    assert counts.warnings == {"map_error": 1}


class SelectivePipeline(GatedPipeline):
    """Accepts some methods only, as a network without attention does."""

    def __init__(self, *methods):
        super().__init__()
        self.methods = methods
        self.config = NodeConfig(method=methods[0])
        self.error = None

    def __call__(self, frame):
        if self.error is not None:
            raise self.error
        return super().__call__(frame)

    def validate(self, config):
        if config.method not in self.methods:
            raise ConfigError(f"method {config.method} does not suit the network")

    def configure(self, config):
        self.validate(config)
        self.config = config


@pytest.fixture
def pipelines():
    """Pipelines of a convnet, and of a ViT, which has attention."""
    return SelectivePipeline("kmeans"), SelectivePipeline("kmeans", "attention")


@pytest.fixture
def swapped(processor, pipelines):
    """Processor whose ViT has replaced a convnet."""
    processor.pipeline, vit = pipelines
    processor.replace_pipeline(vit)
    processor(raw_frame())
    return processor


def test_network_change_is_reported_between_its_frames(pipelines, publishers, counters, executor):
    first, second = pipelines
    reporter = ProblemReporter(counters, print)

    def report():
        publishers.events.append(processor.pipeline)

    processor = FrameProcessor(
        first,
        FrameDecoder(NodeConfig(), reporter),
        publishers,
        reporter,
        executor,
        on_network_change=report,
    )
    processor(raw_frame(stamp_ns=1))
    processor.replace_pipeline(second)
    processor(raw_frame(stamp_ns=2))
    second.error = RuntimeError("out of memory")
    processor(raw_frame(stamp_ns=3))  # the first network is back
    processor.finish()
    assert publishers.events == ["frame 1", second, "frame 2", first, "frame 3"]


def test_options_must_suit_the_scheduled_network(processor, pipelines):
    convnet, processor.pipeline = pipelines
    processor.replace_pipeline(convnet)
    with pytest.raises(ConfigError, match="method attention does not suit"):
        processor.configure(NodeConfig(method="attention"))


def test_options_and_network_are_applied_together(processor, pipelines):
    convnet, processor.pipeline = pipelines
    processor.pipeline.configure(NodeConfig(method="attention"))
    processor.configure(NodeConfig(method="kmeans"))
    processor.replace_pipeline(convnet)
    processor(raw_frame())
    assert processor.pipeline is convnet
    assert convnet.config.method == "kmeans"


def test_rollback_to_network_that_options_exclude_is_refused(swapped, pipelines):
    swapped.configure(NodeConfig(method="attention"))
    for _ in range(2):
        with pytest.raises(ConfigError, match="method attention does not suit"):
            swapped.restore_previous()
        swapped(raw_frame())
    assert swapped.pipeline is pipelines[1]
    swapped.configure(NodeConfig(method="kmeans"))
    swapped.restore_previous()
    swapped(raw_frame())
    assert swapped.pipeline is pipelines[0]


def test_rollback_before_the_first_frame_revokes_the_replacement(swapped, pipelines):
    swapped.replace_pipeline(SelectivePipeline("kmeans"))
    assert swapped.restore_previous() is pipelines[1].config
    swapped(raw_frame())
    assert swapped.pipeline is pipelines[1]


def test_failing_network_that_none_can_follow_reports_its_error(swapped, pipelines):
    swapped.configure(NodeConfig(method="attention"))
    pipelines[1].error = RuntimeError("out of memory")
    for _ in range(2):
        with pytest.raises(RuntimeError, match="out of memory"):
            swapped(raw_frame())
    assert swapped.pipeline is pipelines[1]
