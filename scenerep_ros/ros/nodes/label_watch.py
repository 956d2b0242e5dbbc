"""Watch over the labels of a network that has replaced another one."""

from __future__ import annotations

from dataclasses import dataclass

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import RGBDFrame, SceneSegmentation
from scenerep_ros.pipeline import Pipeline


@dataclass(frozen=True)
class LabelWatchConstants:
    """Tuned constants of the watch."""

    max_empty_frames: int = tuned(
        10,
        "number of successive frames without an object after which the networks are compared",
        set_on="argument: a third of a second at 30 Hz",
    )


CONSTANTS = LabelWatchConstants()


class LabelWatch:
    """Decides whether the labels have vanished since another network is in use.

    Frames without objects are normal where nothing is to be seen. After some of them in succession,
    the previous network segments the same frame, and its answer decides.

    Args:
        previous: pipeline with the previous network.
    """

    def __init__(self, previous: Pipeline) -> None:
        self._previous = previous
        self._empty_count = 0

    def have_labels_vanished(self, frame: RGBDFrame, scene: SceneSegmentation) -> bool:
        """Return whether the previous network finds objects, but the present one has found none."""
        self._empty_count = 0 if scene.objects else self._empty_count + 1
        if self._empty_count < CONSTANTS.max_empty_frames:
            return False
        self._empty_count = 0
        self._previous.reset()
        return bool(self._previous(frame).objects)
