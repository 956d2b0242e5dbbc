from __future__ import annotations

import threading

import pytest

from scenerep_ros.ros.nodes.worker import NewestWorker

TIMEOUT = 10.0


class Job:
    """Records what a worker does; its gate holds the worker in an item."""

    def __init__(self):
        self.done, self.skipped, self.failed = [], [], []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)
        self.left = threading.Semaphore(0)
        self.worker = NewestWorker(self._process, self.skipped.append, self._fail)

    def _process(self, item):
        self.entered.release()
        self.gate.wait(TIMEOUT)
        if item == "bad":
            raise ValueError(item)
        self.done.append(item)
        self.left.release()

    def _fail(self, error):
        self.failed.append(str(error))
        self.left.release()


@pytest.fixture
def job():
    job = Job()
    job.worker.start()
    yield job
    job.gate.set()
    job.worker.stop()


def test_the_newest_item_wins_and_the_others_are_skipped(job):
    job.gate.clear()
    job.worker.submit(1)
    assert job.entered.acquire(timeout=TIMEOUT)
    for item in (2, 3, 4):  # would block for ever if submitting waited
        job.worker.submit(item)
    job.gate.set()
    assert all(job.left.acquire(timeout=TIMEOUT) for _ in range(2))
    assert (job.done, job.skipped) == ([1, 4], [2, 3])


def test_a_failing_item_does_not_end_the_thread(job):
    for item in ("bad", "good"):
        job.worker.submit(item)
        assert job.left.acquire(timeout=TIMEOUT)
    assert (job.failed, job.done) == (["bad"], ["good"])


def test_stop_finishes_the_item_at_hand_and_skips_the_waiting_one(job):
    job.gate.clear()
    job.worker.submit(1)
    assert job.entered.acquire(timeout=TIMEOUT)
    job.worker.submit(2)
    stopping = threading.Thread(target=job.worker.stop)
    stopping.start()
    job.gate.set()
    stopping.join(TIMEOUT)
    assert (job.done, job.skipped) == ([1], [2])


def test_stop_is_idempotent_and_start_works_again(job):
    job.worker.stop()
    job.worker.stop()
    job.worker.submit("late")
    assert job.skipped == ["late"]
    job.worker.start()
    job.worker.start()
    job.worker.submit("again")
    assert job.left.acquire(timeout=TIMEOUT)
    assert job.done == ["again"]


def test_every_item_ends_in_exactly_one_way(job):
    items = [f"{index}" if index % 7 else "bad" for index in range(500)]
    for item in items:
        job.worker.submit(item)
    job.worker.stop()
    assert len(job.done) + len(job.skipped) + len(job.failed) == len(items)
