"""Problem reports: every problem is counted, and the log is rate-limited by kind."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable

from scenerep_ros.errors import FrameError, ScenerepError
from scenerep_ros.ros.monitoring.counters import FrameCounters

log = logging.getLogger(__name__)

LOG_PERIOD_S = 5.0
"""Minimum time between two log lines of the same kind [s]."""

DROP_TEXTS = {
    "no_depth": "color images have no depth image within sync_slop; compare both topics' stamps "
    "and rates (scenerep doctor), or set depth_topic to nothing",
    "repeated_stamp": "color images repeat a stamp; check the camera driver",
    "out_of_order": "color images have earlier stamps than the ones before; check that only one "
    "camera publishes on the topic",
    "time_jump": "time jumped back, so unpaired color images were dropped",
}
"""Log text for images that the synchronizer drops, by reason."""
NORMAL_DROPS = ("superseded", "time_jump", "deactivated")
"""Reasons for drops that are no faults: a slow machine, a recording that loops, a lifecycle change."""
LOGGED_ONCE = ("time_jump",)
"""Kinds that are logged at the first time only, because a loop repeats them in every round."""
NORMAL_WARNINGS = ("no_color", "repeated_stamp", "out_of_order", "time_jump", "deactivated")
"""Kinds of warnings that cost no output: depth images without a color image, and loops."""


class ProblemReporter:
    """Counts and logs problems. Thread-safe.

    Args:
        counters: counters of the problems.
        log_warning: writes a line to the log.
        period_s: minimum time between two log lines of the same kind [s].
        on_fault: called after a drop that is no normal one, in the thread that reports it.

    Attributes:
        counters: the counters.
    """

    def __init__(
        self,
        counters: FrameCounters,
        log_warning: Callable[[str], None],
        period_s: float = LOG_PERIOD_S,
        on_fault: Callable[[], None] = lambda: None,
    ) -> None:
        self.counters = counters
        self._log_warning = log_warning
        self._period_s = period_s
        self._on_fault = on_fault
        self._lock = threading.Lock()
        self._last_logged: dict[str, float] = {}

    def report_drop(self, reason: str, text: str = "") -> None:
        """Count a color image without results; log it if the reason has a text."""
        count = self.counters.count_dropped(reason)
        self._log(reason, text or DROP_TEXTS.get(reason, ""), f"{count} dropped")
        if reason not in NORMAL_DROPS:
            self._on_fault()

    def report_error(self, error: Exception) -> None:
        """Count and log a color image without results, because of an exception."""
        reason = "bad_image" if isinstance(error, FrameError) else "error"
        self.report_drop(reason, describe_error(error))

    def report_warning(self, kind: str, text: str = "") -> None:
        """Count a problem that costs no frame; log it if there is a text."""
        count = self.counters.count_warning(kind)
        self._log(kind, text, f"{count} times")

    def _log(self, kind: str, text: str, count: str) -> None:
        if text and self._is_due(kind):
            self._log_warning(f"{text} ({kind}: {count})")

    def _is_due(self, kind: str) -> bool:
        now = time.monotonic()
        with self._lock:
            period_s = math.inf if kind in LOGGED_ONCE else self._period_s
            if now - self._last_logged.get(kind, -math.inf) < period_s:
                return False
            self._last_logged[kind] = now
        return True


def describe_error(error: Exception) -> str:
    """Describe an error. For an unexpected type, add its name and log the traceback."""
    if isinstance(error, ScenerepError):
        return str(error)
    log.debug("unexpected error", exc_info=error)
    return f"{type(error).__name__}: {error}"
