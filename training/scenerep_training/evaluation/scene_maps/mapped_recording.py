"""Map of one recording, measured against the true labels of its frames."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from scenerep_ros.errors import FrameError
from scenerep_ros.frames import BACKGROUND, UNLABELLED, RGBDFrame, SceneSegmentation
from scenerep_ros.mapping.scene_map import SceneMap
from scenerep_ros.sources import Source
from scenerep_training.evaluation.framework.protocol import Metrics
from scenerep_training.evaluation.metrics.box_iou import box_iou
from scenerep_training.evaluation.metrics.overlap import assign_max_sum, compute_overlap
from scenerep_training.evaluation.scene_maps.segmenters import FrameSegmenter
from scenerep_training.evaluation.scene_maps.true_objects import TrueObjects

Labels = NDArray[np.uint16]
Disturb = Callable[[RGBDFrame, int], RGBDFrame]

MIN_BOX_IOU = 0.5
"""Intersection over union of boxes above which an object is found."""
MIN_MASK_IOU = 0.5
"""Intersection over union of masks above which a segment shows a true object."""
MIN_AREA_RATIO = 0.001
"""Share of the image from which a true object counts: that of the smallest segment."""
BYTES_PER_MB = 1e6


@dataclass
class MapRun:
    """Integration of a recording.

    Attributes:
        scene_map: the map.
        times_ms: CPU time of the integration of each frame [ms].
        switches: number of times that a true object got another id of the map.
        matched: number of views of true objects with an id of the map.
        frame_mious: mean IoU of each single frame's segments.
        peak_bytes: largest size of the map.
        true_poses: poses (4, 4) without disturbance by the stamps of the frames [ns].
        scenes: segmentations by the index of the frame in the recording.
    """

    scene_map: SceneMap
    times_ms: list[float] = field(default_factory=list)
    switches: int = 0
    matched: int = 0
    frame_mious: list[float] = field(default_factory=list)
    peak_bytes: int = 0
    true_poses: dict[int, NDArray[np.float64]] = field(default_factory=dict)
    scenes: dict[int, SceneSegmentation] = field(default_factory=dict)
    _last_ids: dict[int, int] = field(default_factory=dict)

    def add(self, frame: RGBDFrame, scene: SceneSegmentation, truth: Labels | None) -> None:
        """Integrate a frame."""
        start = time.process_time()
        ids = self.scene_map.integrate(frame, scene).ids
        self.times_ms.append(1e3 * (time.process_time() - start))
        self.peak_bytes = max(self.peak_bytes, self.scene_map.memory_bytes)
        if truth is not None:
            self._follow_ids(scene.labels, ids, truth)

    def _follow_ids(self, labels: Labels, ids: dict[int, int], truth: Labels) -> None:
        """Compare the ids of the map that true objects get with those of the frames before."""
        for true_label, label in matched_labels(labels, truth):
            if label in ids:
                self.switches += self._last_ids.get(true_label, ids[label]) != ids[label]
                self.matched += 1
                self._last_ids[true_label] = ids[label]


def run_map(
    source: Source, segment: FrameSegmenter, disturb: Disturb, scene_map: SceneMap, passes: int
) -> MapRun:
    """Map a recording, played forward and backward in turn; frames are segmented once.

    Stamps continue from play to play, as if the camera walked back and forth.

    Raises:
        FrameError: if no frame can be read.
    """
    run = MapRun(scene_map)
    max_range = scene_map.options.max_range
    segment.reset()
    first_ns, last_ns = (source[index].stamp_ns for index in (0, len(source) - 1))
    play_ns = last_ns - first_ns + (last_ns - first_ns) // max(len(source) - 1, 1)
    for index in range(passes * len(source)):
        play, position = played_position(index, len(source))
        is_backward = play % 2 == 1
        frame, truth = source[position], source.ground_truth(position)
        elapsed_ns = last_ns - frame.stamp_ns if is_backward else frame.stamp_ns - first_ns
        frame = replace(frame, stamp_ns=first_ns + play * play_ns + elapsed_ns)
        if position not in run.scenes:
            run.scenes[position] = segment(frame, truth)
            if truth is not None:
                judged = ignore_far(truth, frame, max_range)
                run.frame_mious.append(matched_miou(run.scenes[position].labels, judged))
        if frame.pose is not None:
            run.true_poses[frame.stamp_ns] = frame.pose
        run.add(disturb(frame, index), run.scenes[position], truth)
    if not run.times_ms:
        raise FrameError(f"{source.name}: has no frames")
    return run


def played_position(index: int, count: int) -> tuple[int, int]:
    """Return the number of the play, and the frame of the recording, of a played frame.

    Args:
        index: number of the played frame.
        count: number of frames of the recording, which is played forward and backward in turn.
    """
    play, position = divmod(index, count)
    return play, count - 1 - position if play % 2 else position


def labelled_frames(source: Source) -> Iterator[tuple[RGBDFrame, Labels]]:
    """Yield the frames with a pose and true labels."""
    for index, frame in enumerate(source):
        truth = source.ground_truth(index)
        if truth is not None and frame.pose is not None and frame.depth is not None:
            yield frame, truth


def ignore_far(truth: Labels, frame: RGBDFrame, max_range: float) -> Labels:
    """Return the true labels, with UNLABELLED where the map leaves pixels out."""
    assert frame.depth is not None
    return np.where(frame.depth < max_range, truth, UNLABELLED).astype(np.uint16)


def matched_labels(labels: Labels, truth: Labels) -> list[tuple[int, int]]:
    """Return pairs of a true object and the segment that shows it, one to one."""
    overlap = compute_overlap(*_judged(labels, truth))
    rows, columns = assign_max_sum(overlap.iou)
    is_match = overlap.iou[rows, columns] > MIN_MASK_IOU
    pairs = zip(rows[is_match], columns[is_match], strict=True)
    return [(int(overlap.truth_ids[r]), int(overlap.predicted_ids[c])) for r, c in pairs]


def matched_miou(labels: Labels, truth: Labels) -> float:
    """Mean IoU of the true objects with the segments assigned to them; NaN without objects."""
    overlap = compute_overlap(*_judged(labels, truth))
    is_large = overlap.truth_areas >= MIN_AREA_RATIO * truth.size
    if not is_large.any():
        return float("nan")
    iou = np.zeros(len(overlap.truth_ids))
    rows, columns = assign_max_sum(overlap.iou)
    iou[rows] = overlap.iou[rows, columns]
    return float(iou[is_large].mean())


def _judged(labels: Labels, truth: Labels) -> tuple[Labels, Labels]:
    is_judged = truth != UNLABELLED
    predicted = np.where(is_judged & (labels != UNLABELLED), labels, BACKGROUND)
    return np.where(is_judged, truth, BACKGROUND), predicted


def map_alignment(run: MapRun) -> NDArray[np.float64]:
    """Return the rigid transform (4, 4) from the true world to that of the map.

    The world of a map from noisy poses is that of its first poses. As in the evaluation of odometry, it
    is aligned with all poses; the transform of a map from exact poses is the identity.
    """
    trajectory = run.scene_map.trajectory
    pairs = [
        (pose, run.true_poses[stamp])
        for stamp, pose in zip(trajectory.stamps_ns.tolist(), trajectory.poses, strict=True)
        if stamp in run.true_poses
    ]
    if not pairs:
        return np.eye(4)
    mapped, true = (np.array(poses) for poses in zip(*pairs, strict=True))
    alignment = np.eye(4)
    relative = mapped[:, :3, :3] @ true[:, :3, :3].transpose(0, 2, 1)
    alignment[:3, :3] = Rotation.from_matrix(relative).mean().as_matrix()
    moved = true[:, :3, 3] @ alignment[:3, :3].T
    alignment[:3, 3] = (mapped[:, :3, 3] - moved).mean(axis=0)
    return alignment


@dataclass(frozen=True)
class MapComparison:
    """Comparison of a map with the true labels.

    Attributes:
        metrics: mean IoU of the labels of the map, and objects found by their boxes.
        true_label_of: true object that most pixels of each object of the map show.
    """

    metrics: Metrics
    true_label_of: dict[int, int]


def compare_with_truth(source: Source, run: MapRun) -> MapComparison:
    """Project the finished map into all frames, and compare its boxes with the true ones.

    A map from noisy poses is aligned with the true world first.
    """
    scene_map, to_map = run.scene_map, map_alignment(run)
    max_range = scene_map.options.max_range
    true_objects, mious, votes = TrueObjects(max_range), [], Counter[tuple[int, int]]()
    for true_frame, truth in labelled_frames(source):
        assert true_frame.pose is not None
        frame = replace(true_frame, pose=to_map @ true_frame.pose)
        judged = ignore_far(truth, frame, max_range)
        labels = scene_map.labels_in(frame)
        mious.append(matched_miou(labels, judged))
        true_objects.add(frame, truth)
        predicted = np.where(labels == UNLABELLED, BACKGROUND, labels).astype(np.int64)
        is_vote = (predicted != BACKGROUND) & (judged != UNLABELLED)
        pairs, counts = np.unique(predicted[is_vote] << 16 | judged[is_vote], return_counts=True)
        for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
            votes[pair >> 16, pair & 0xFFFF] += count
    if not mious:
        return MapComparison({}, {})
    # The rarest pairs come first, so that the most frequent true label of each object remains.
    best = {item: label for (item, label), _ in reversed(votes.most_common())}
    metrics = {"map_miou": float(np.nanmean(mious)), **_compare_boxes(scene_map, true_objects)}
    return MapComparison(metrics, best)


def _compare_boxes(scene_map: SceneMap, true_objects: TrueObjects) -> Metrics:
    objects, boxes = scene_map.objects(), list(true_objects.boxes().values())
    iou = np.array([[box_iou(box, item.box) for item in objects] for box in boxes])
    iou = iou.reshape(len(boxes), len(objects))
    rows, columns = assign_max_sum(iou)
    found = int((iou[rows, columns] > MIN_BOX_IOU).sum())
    return {
        "true_objects": float(len(boxes)),
        "found_boxes": float(found),
        "false_boxes": float(len(objects) - found),
    }


def run_metrics(run: MapRun) -> Metrics:
    """Return the metrics that need no true labels, and those of single frames."""
    mious = run.frame_mious
    scene_map = run.scene_map
    return {
        "frames": float(len(run.times_ms)),
        "rejected": float(sum(scene_map.rejected.values())),
        "objects": float(len(scene_map.objects())),
        "integration_ms": float(np.median(run.times_ms)),
        "peak_mb": run.peak_bytes / BYTES_PER_MB,
        "frame_miou": float(np.nanmean(mious)) if mious else float("nan"),
        "best_frame_miou": float(np.nanmax(mious)) if mious else float("nan"),
        "switches": float(run.switches) if run.matched else float("nan"),
    }
