"""Metrics of predicted ids against ground-truth tracks.

  - `track_iou`: each object is assigned one id for the whole video, one to one, with the maximum
    sum of mean IoU over the frames that show the object; the mean over objects. The assignment
    over a whole video is that of IDF1 (Ristani et al., ECCV workshops 2016) and of the DAVIS 2019
    unsupervised benchmark (Caelles et al., 2019).
  - `frame_iou`: the same with a new assignment in each frame; the difference to `track_iou` is the
    loss by id changes.
  - `mot_switches`: IDSW of CLEAR MOT (Bernardin and Stiefelhagen, 2008) for masks, as in MOTS
    (Voigtlaender et al., CVPR 2019): how often an object is matched to another id than at its last
    match. A match is an IoU above 0.5, which at most one id has.

Pixels whose truth is unlabelled are ignored.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import BACKGROUND, UNLABELLED
from scenerep_training.evaluation.metrics.overlap import assign_max_sum, compute_overlap

Labels = NDArray[np.uint16]

MIN_MATCH_IOU = 0.5


class TrackMetrics:
    """Accumulates the overlap of predicted ids with the true objects of a video.

    Attributes:
        switches: number of id switches so far.
    """

    def __init__(self) -> None:
        self.switches = 0
        self._last_match: dict[int, int] = {}
        self._frame_counts: dict[int, int] = defaultdict(int)
        self._frame_iou_sums: dict[int, float] = defaultdict(float)
        self._pair_iou_sums: dict[tuple[int, int], float] = defaultdict(float)

    def update(self, labels: Labels, truth: Labels) -> None:
        """Add the next frame.

        Args:
            labels: (H, W) uint16, predicted.
            truth: (H, W) uint16: BACKGROUND, UNLABELLED or an object's id, which is the same in all
                frames.
        """
        is_judged = (truth != UNLABELLED) & (labels != UNLABELLED)
        overlap = compute_overlap(
            np.where(truth == UNLABELLED, BACKGROUND, truth),
            np.where(is_judged, labels, BACKGROUND),
        )
        iou = overlap.iou
        # Sum the IoU of each pair over time, and count matches to another id than the last.
        for row, column in zip(*np.nonzero(iou > 0), strict=True):
            true_id, track_id = int(overlap.truth_ids[row]), int(overlap.predicted_ids[column])
            self._pair_iou_sums[true_id, track_id] += float(iou[row, column])
            if iou[row, column] > MIN_MATCH_IOU:
                self.switches += self._last_match.get(true_id, track_id) != track_id
                self._last_match[true_id] = track_id
        for true_id in overlap.truth_ids.tolist():
            self._frame_counts[true_id] += 1
        # Assign ids within the frame.
        for row, column in zip(*assign_max_sum(iou), strict=True):
            self._frame_iou_sums[int(overlap.truth_ids[row])] += float(iou[row, column])

    def compute(self) -> dict[str, float]:
        """Return the metrics above and the number of true objects; empty without true objects."""
        if not self._frame_counts:
            return {}
        frame_ious = [
            self._frame_iou_sums[true_id] / count for true_id, count in self._frame_counts.items()
        ]
        return {
            "track_iou": self._track_iou(),
            "frame_iou": float(np.mean(frame_ious)),
            "mot_switches": float(self.switches),
            "objects": float(len(self._frame_counts)),
        }

    def _track_iou(self) -> float:
        track_ids = sorted({track_id for _, track_id in self._pair_iou_sums})
        # Mean IoU of each pair over the frames that show the object.
        mean_iou = np.array(
            [
                [
                    self._pair_iou_sums.get((true_id, track_id), 0.0) / count
                    for track_id in track_ids
                ]
                for true_id, count in self._frame_counts.items()
            ]
        ).reshape(len(self._frame_counts), len(track_ids))
        return float(mean_iou[assign_max_sum(mean_iou)].sum() / len(self._frame_counts))
