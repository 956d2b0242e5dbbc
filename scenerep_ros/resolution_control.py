"""Resolution that follows the load, so that frames keep a target rate.

It falls at once if frames take longer than the period, and rises only after the next higher one would
have fit for a while. A rise that fails doubles that while, so that it cannot oscillate.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from statistics import median

from scenerep_ros.config.constants import tuned
from scenerep_ros.rate_control import resolutions_of


@dataclass(frozen=True)
class ResolutionControlConstants:
    """Tuned constants of the control of the resolution."""

    window_frames: int = tuned(
        15,
        "number of frames whose median duration is compared with the period",
        set_on="argument: half a second of a camera",
    )
    settling_frames: int = tuned(
        3,
        "number of frames after a change that are not counted, as the first one compiles",
        set_on="argument: compilation, and its neighbors",
    )
    max_raised_share: float = tuned(
        0.85,
        "share of the period that frames may take at a higher resolution, as predicted from the "
        "number of patches",
        set_on="argument: noise of a shared machine",
    )
    hold_s: float = tuned(
        10.0,
        "time for which a higher resolution must fit before it is used",
        unit="s",
        set_on="argument: other programs are busy for seconds",
    )
    max_hold_s: float = tuned(
        160.0, "longest such time after failed rises", unit="s", set_on="argument: a few minutes"
    )


CONSTANTS = ResolutionControlConstants()


class ResolutionControl:
    """Resolution that keeps a target rate under a changing load.

    Args:
        target_rate: frames a second.
        resolution: highest resolution [px].
        start: resolution at the start [px]; None for the highest.

    Attributes:
        resolution: current resolution [px].
    """

    def __init__(self, target_rate: float, resolution: int, start: int | None = None) -> None:
        self._period_ms = 1e3 / target_rate
        self._resolutions = resolutions_of(resolution)
        self.resolution = start if start in self._resolutions else resolution
        self._durations: deque[float] = deque(maxlen=CONSTANTS.window_frames)
        self._ignored_frames = CONSTANTS.settling_frames
        self._hold_s = CONSTANTS.hold_s
        self._fits_since_s: float | None = None
        self._raised_at_s: float | None = None

    @property
    def is_reduced(self) -> bool:
        """True while the resolution is below the highest one."""
        return self.resolution < self._resolutions[0]

    @property
    def is_missed(self) -> bool:
        """True if frames take longer than the period at the lowest resolution."""
        is_lowest = self.resolution == self._resolutions[-1]
        is_known = len(self._durations) == CONSTANTS.window_frames
        return is_lowest and is_known and median(self._durations) > self._period_ms

    def update(self, frame_ms: float, now_s: float) -> bool:
        """Add the duration of a frame; return True if the resolution changed.

        Args:
            frame_ms: time that the frame took [ms].
            now_s: current time [s], of any origin.
        """
        if self._ignored_frames:
            self._ignored_frames -= 1
            return False
        self._durations.append(frame_ms)
        if len(self._durations) < CONSTANTS.window_frames:
            return False
        duration = median(self._durations)
        index = self._resolutions.index(self.resolution)
        if duration > self._period_ms and index + 1 < len(self._resolutions):
            self._lower(index, now_s)
            return True
        if index and self._would_fit(index, duration, now_s):
            self._change(self._resolutions[index - 1])
            self._raised_at_s = now_s
            return True
        return False

    def _lower(self, index: int, now_s: float) -> None:
        """Take the next lower resolution; if the last rise failed, wait longer before the next one."""
        if self._raised_at_s is not None and now_s - self._raised_at_s < self._hold_s:
            self._hold_s = min(2 * self._hold_s, CONSTANTS.max_hold_s)
        self._raised_at_s = None
        self._change(self._resolutions[index + 1])

    def _would_fit(self, index: int, duration: float, now_s: float) -> bool:
        """Return True if frames at the next higher resolution would have fit for long enough."""
        patches = (self._resolutions[index - 1] / self.resolution) ** 2
        if duration * patches > CONSTANTS.max_raised_share * self._period_ms:
            self._fits_since_s = None
            return False
        if self._fits_since_s is None:
            self._fits_since_s = now_s
        return now_s - self._fits_since_s >= self._hold_s

    def _change(self, resolution: int) -> None:
        self.resolution = resolution
        self._durations.clear()
        self._ignored_frames = CONSTANTS.settling_frames
        self._fits_since_s = None
