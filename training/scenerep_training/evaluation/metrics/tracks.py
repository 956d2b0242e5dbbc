"""How well ids follow true objects through a video.

  - `track_iou`: each object is given one id for the whole video, one to one, so that their mean IoU
    over the frames in which the object is to be seen is the greatest in all (as the DAVIS 2019
    unsupervised benchmark does, Caelles et al.); the mean over objects.
  - `frame_iou`: the same with the ids given anew in each frame: what is lost from here to
    `track_iou` is lost by changing names.
  - `mot_switches`: how often an object is found under another id than when it was last found
    (IDSW of CLEAR MOT, Bernardin and Stiefelhagen 2008, for masks as in MOTS, Voigtlaender et al.,
    CVPR 2019: found is an IoU above 0.5, which at most one id has).

Pixels whose truth is unlabelled are ignored.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import BACKGROUND, UNLABELLED
from scenerep_training.evaluation.metrics.overlap import assign, overlap

Labels = NDArray[np.uint16]

FOUND = 0.5


class Tracks:
    """Follows the true objects of a video.

    Attributes:
        switches: counted so far.
    """

    def __init__(self) -> None:
        self.switches = 0
        self._name: dict[int, int] = {}
        self._frames: dict[int, int] = defaultdict(int)
        self._best: dict[int, float] = defaultdict(float)
        self._iou: dict[tuple[int, int], float] = defaultdict(float)

    def add(self, labels: Labels, truth: Labels) -> None:
        """Take the next frame.

        Args:
            labels: (H, W) found.
            truth: (H, W) true: BACKGROUND, UNLABELLED or an object's id, the same in all frames.
        """
        known = (truth != UNLABELLED) & (labels != UNLABELLED)
        pairs = overlap(
            np.where(truth == UNLABELLED, BACKGROUND, truth), np.where(known, labels, BACKGROUND)
        )
        iou = pairs.iou
        for row, column in zip(*np.nonzero(iou > 0), strict=True):
            true, id_ = int(pairs.truth_ids[row]), int(pairs.predicted_ids[column])
            self._iou[true, id_] += float(iou[row, column])
            if iou[row, column] > FOUND:
                self.switches += self._name.get(true, id_) != id_
                self._name[true] = id_
        for true in pairs.truth_ids.tolist():
            self._frames[true] += 1
        for row, column in zip(*assign(iou), strict=True):
            self._best[int(pairs.truth_ids[row])] += float(iou[row, column])

    def figures(self) -> dict[str, float]:
        """The figures above, and the number of true objects; empty where no object was seen."""
        if not self._frames:
            return {}
        best = [self._best[true] / frames for true, frames in self._frames.items()]
        return {
            "track_iou": self._track_iou(),
            "frame_iou": float(np.mean(best)),
            "mot_switches": float(self.switches),
            "objects": float(len(self._frames)),
        }

    def _track_iou(self) -> float:
        ids = sorted({id_ for _, id_ in self._iou})
        mean = np.array(
            [[self._iou.get((t, i), 0.0) / n for i in ids] for t, n in self._frames.items()]
        ).reshape(len(self._frames), len(ids))
        return float(mean[assign(mean)].sum() / len(self._frames))
