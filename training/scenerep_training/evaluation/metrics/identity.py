"""How long ids stay with things, told without ground truth.

Labels are carried from frame to frame along the places that pixels have in both (`warping`). Where
an object is not found again and its pixels are none of another one's, they remember its id, so that
a thing that returns under another name is noticed while its place stays in view.

Between a frame's labels and the ids that its pixels carried before, with n(a, b) pixels that
carried a and now have b, visible in both frames and not unlabelled:

  - An id switch a -> b: most of the pixels that carried a now have b, most of those that now have
    b carried a, and a is not b: one thing, two names. Most is more than half, and enough of both
    must be visible: half of a's last area, and of b's. What merges into something larger,
    or splits off from it, is thereby no switch, unless the larger part changed its name.
  - It ends as a swap if b was somebody's name before (or the same thing's, earlier), and as a
    re-birth if b is new. Two things that exchange their names are two switches.
  - A life of an id is the time from its first frame on a thing to its last one on the same thing.
    An id that is present goes on living unless it moved to another thing: another id switched to
    it; or enough of the pixels that carried it are visible, and neither most of them nor most of
    those that now have it kept it.
    Frames out of sight count as lived, when the id comes back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import BACKGROUND, UNLABELLED
from scenerep_training.evaluation.label_propagation.warping import Places
from scenerep_training.evaluation.metrics.overlap import contingency

Labels = NDArray[np.uint16]

MOST = 0.5
ENOUGH = 0.5
IDS = UNLABELLED + 1


@dataclass(frozen=True)
class Passage:
    """How ids went from the last frame to this one.

    Attributes:
        shared: (A, B) pixels that carried an id and now have one.
        carried: (A,) object ids that pixels carried.
        present: (B,) object ids that pixels have.
        left: (A,) visible pixels that carried each id.
        found: (B,) visible pixels that have each id.
    """

    shared: NDArray[np.int64]
    carried: NDArray[np.int64]
    present: NDArray[np.int64]
    left: NDArray[np.int64]
    found: NDArray[np.int64]

    @property
    def most_of_carried(self) -> NDArray[np.bool_]:
        """(A, B), whether most of the visible pixels that carried a now have b."""
        return self.shared > MOST * self.left[:, None]

    @property
    def most_of_present(self) -> NDArray[np.bool_]:
        """(A, B), whether most of the visible pixels that have b carried a."""
        return self.shared > MOST * self.found[None]


class Identity:
    """Follows the ids of a video.

    Attributes:
        swaps: switches to an id that was known.
        rebirths: switches to a new id.
    """

    def __init__(self) -> None:
        self.swaps = self.rebirths = 0
        self._frame = -1
        self._memory: Labels | None = None
        self._area = np.zeros(IDS, np.int64)  # when last seen; 0 = never
        self._born = np.zeros(IDS, np.int64)
        self._seen = np.zeros(IDS, np.int64)
        self._ended: list[int] = []

    def add(self, labels: Labels, places: Places | None) -> None:
        """Take the next frame.

        Args:
            labels: (H, W).
            places: of its pixels in the last frame; None for the first frame.
        """
        self._frame += 1
        area = np.bincount(labels.ravel(), minlength=IDS)
        area[[BACKGROUND, UNLABELLED]] = 0
        present = np.flatnonzero(area)
        born = present[self._area[present] == 0]
        carried = self._carried(places)
        if places is not None and carried is not None:
            passage = pass_over(carried, labels, places.visible)
            targets = self._switched(passage, area)
            known = self._area[targets] > 0
            self.swaps += int(np.count_nonzero(known))
            self.rebirths += int(np.count_nonzero(~known))
            moved = np.union1d(targets[known], self._moved(passage))
            self._ended += (self._seen - self._born + 1)[moved].tolist()
            born = np.concatenate([born, moved])
        self._born[born] = self._frame
        self._seen[present] = self._frame
        self._area[present] = area[present]
        self._memory = _remembered(labels, carried, area)

    def lives(self) -> NDArray[np.int64]:
        """Frames of each life, of those that have ended and of those that go on."""
        going = np.flatnonzero(self._area)
        return np.array(self._ended + (self._seen - self._born + 1)[going].tolist(), np.int64)

    def _carried(self, places: Places | None) -> Labels | None:
        """What this frame's pixels carried before: an id, BACKGROUND, or UNLABELLED."""
        if places is None or self._memory is None:
            return None
        carried = self._memory[places.rows, places.columns]
        return np.where(places.visible, carried, UNLABELLED).astype(np.uint16)

    def _switched(self, passage: Passage, area: NDArray[np.int64]) -> NDArray[np.int64]:
        """Ids that things have which had another one."""
        other = passage.carried[:, None] != passage.present[None]
        enough = (
            passage.left >= ENOUGH * self._area[passage.carried],
            passage.found >= ENOUGH * area[passage.present],
        )
        most = passage.most_of_carried & passage.most_of_present
        _, targets = np.nonzero(other & most & enough[0][:, None] & enough[1][None])
        return passage.present[targets]

    def _moved(self, passage: Passage) -> NDArray[np.int64]:
        """Known ids that left the thing they were on, and are not gone."""
        same = passage.carried[:, None] == passage.present[None]
        kept = same & (passage.most_of_carried | passage.most_of_present)
        enough = passage.left >= ENOUGH * self._area[passage.carried]
        away = same & enough[:, None] & ~kept
        return passage.present[away.any(axis=0)]


def pass_over(carried: Labels, labels: Labels, visible: NDArray[np.bool_]) -> Passage:
    """Count how ids went over from what pixels carried to what they have."""
    known = visible & (carried != UNLABELLED) & (labels != UNLABELLED)
    before, now, counts = contingency(carried[known], labels[known])
    old, new = before != BACKGROUND, now != BACKGROUND
    left, found = counts.sum(1)[old], counts.sum(0)[new]
    return Passage(counts[np.ix_(old, new)], before[old], now[new], left, found)


def _remembered(labels: Labels, carried: Labels | None, area: NDArray[np.int64]) -> Labels:
    """Labels, and where there is no object the carried id of one that is nowhere else."""
    if carried is None:
        return labels
    absent = (area == 0)[carried] & (carried != BACKGROUND) & (carried != UNLABELLED)
    empty = (labels == BACKGROUND) | (labels == UNLABELLED)
    return np.where(empty & absent, carried, labels)
