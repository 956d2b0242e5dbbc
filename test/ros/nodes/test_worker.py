from __future__ import annotations

import threading

import pytest

from scenerep_ros.ros.nodes.worker import LatestFrameWorker

TIMEOUT_S = 10.0


class Recorder:
    """Records the outcomes of a worker's frames; its gate blocks the worker within a frame."""

    def __init__(self):
        self.processed, self.dropped, self.failed = [], [], []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)
        self.left = threading.Semaphore(0)
        self.worker = LatestFrameWorker(self._process, self.dropped.append, self._fail)

    def _process(self, frame):
        self.entered.release()
        self.gate.wait(TIMEOUT_S)
        if frame == "bad":
            raise ValueError(frame)
        self.processed.append(frame)
        self.left.release()

    def _fail(self, error):
        self.failed.append(str(error))
        self.left.release()


@pytest.fixture
def recorder():
    recorder = Recorder()
    recorder.worker.start()
    yield recorder
    recorder.gate.set()
    recorder.worker.close()


def test_worker_processes_latest_frame_and_drops_others(recorder):
    recorder.gate.clear()
    recorder.worker.submit(1)
    assert recorder.entered.acquire(timeout=TIMEOUT_S)
    for frame in (2, 3, 4):  # a submit that waited would block here forever
        recorder.worker.submit(frame)
    recorder.gate.set()
    assert all(recorder.left.acquire(timeout=TIMEOUT_S) for _ in range(2))
    assert (recorder.processed, recorder.dropped) == ([1, 4], [2, 3])


def test_worker_continues_after_failed_frame(recorder):
    for frame in ("bad", "good"):
        recorder.worker.submit(frame)
        assert recorder.left.acquire(timeout=TIMEOUT_S)
    assert (recorder.failed, recorder.processed) == (["bad"], ["good"])


def test_worker_stop_finishes_frame_in_progress_and_drops_waiting(recorder):
    recorder.gate.clear()
    recorder.worker.submit(1)
    assert recorder.entered.acquire(timeout=TIMEOUT_S)
    recorder.worker.submit(2)
    stopping = threading.Thread(target=recorder.worker.stop)
    stopping.start()
    recorder.gate.set()
    stopping.join(TIMEOUT_S)
    assert (recorder.processed, recorder.dropped) == ([1], [2])


def test_worker_restarts_after_repeated_stop(recorder):
    recorder.worker.stop()
    recorder.worker.stop()
    recorder.worker.submit("late")
    assert recorder.dropped == ["late"]
    recorder.worker.start()
    recorder.worker.start()
    recorder.worker.submit("again")
    assert recorder.left.acquire(timeout=TIMEOUT_S)
    assert recorder.processed == ["again"]


def test_worker_keeps_its_thread_until_closed(recorder):
    threads = []
    recorder.worker = LatestFrameWorker(
        lambda _: threads.append(threading.current_thread()), print, print
    )
    for frame in range(3):
        recorder.worker.start()
        recorder.worker.submit(frame)
        while len(threads) <= frame:
            threading.Event().wait(0.001)
        recorder.worker.stop()
    assert len(set(threads)) == 1
    assert threads[0].is_alive()
    recorder.worker.close()
    recorder.worker.close()
    assert not threads[0].is_alive()


def test_worker_accounts_for_every_frame_once(recorder):
    frames = [f"{index}" if index % 7 else "bad" for index in range(500)]
    for frame in frames:
        recorder.worker.submit(frame)
    recorder.worker.stop()
    outcomes = recorder.processed + recorder.dropped + recorder.failed
    assert sorted(outcomes) == sorted(frames)
