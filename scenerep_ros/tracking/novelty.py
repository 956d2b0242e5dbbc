"""Selection of frames that add something to those before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.tracking.optical_flow import FlowEstimator, tracking_image


@dataclass(frozen=True)
class NoveltyConstants:
    """Tuned constants of the selection."""

    min_shift_ratio: float = tuned(
        1 / 44,
        "shift from which a pixel counts as moved, as a ratio of the shorter side",
        set_on="argument: half a patch of the default network, whose features then change",
    )
    min_moved_ratio: float = tuned(
        0.05,
        "ratio of moved pixels from which a frame adds something",
        set_on="argument: about thirty patches of the default network",
    )


CONSTANTS = NoveltyConstants()


class FrameSelector:
    """Selects frames whose content has moved or changed since the last selected one."""

    def __init__(self) -> None:
        self._flow = FlowEstimator()
        self._last: NDArray[np.uint8] | None = None

    def adds_something(self, frame: RGBDFrame) -> bool:
        """Return whether a frame is selected; the next one is then compared with it."""
        image = tracking_image(frame)
        flow = self._flow.estimate(self._last, image)
        if flow is not None and flow.is_steady:
            shift_px = np.linalg.norm(flow.forward, axis=-1)
            moved = shift_px > CONSTANTS.min_shift_ratio * min(image.shape)
            if moved.mean() < CONSTANTS.min_moved_ratio:
                return False
        self._last = image
        return True
