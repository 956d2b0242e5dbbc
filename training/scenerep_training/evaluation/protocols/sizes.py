"""`sizes`: how small, thin and far an object can be, as recall by size and distance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import SourceError
from scenerep_ros.frames import BACKGROUND, UNLABELLED, RGBDFrame
from scenerep_ros.pipeline import Pipeline
from scenerep_training.datasets.object_scenes import ObjectScenes
from scenerep_training.datasets.recordings import has_depth
from scenerep_training.evaluation.figures.pictures import draw_comparison
from scenerep_training.evaluation.framework.protocol import (
    COUNT,
    Metrics,
    Protocol,
    Result,
    Row,
    Table,
    group_means,
)
from scenerep_training.evaluation.framework.registry import register_protocol
from scenerep_training.evaluation.metrics.overlap import compute_overlap
from scenerep_training.evaluation.scene_maps.true_objects import OBJECTS_FILE, read_objects

Labels = NDArray[np.uint16]

MIN_IOU = 0.5
"""Intersection over union above which an object counts as found, as in PASCAL VOC."""


@register_protocol
class Sizes(Protocol):
    """Recall of objects by their size, in recordings at several distances.

    A sample is an image of a recording with objects.json, as `scenerep-render sizes` writes it;
    data is one recording, or any folder above several. Recordings of equal folder names, such as
    2.0_m of several seeds, share a row of the table.

    `found` is the share of the objects that one segment covers with an intersection over union
    above 0.5. The other columns hold the same share of the objects of one name and size, where the
    size is the shortest side [mm]: of a slab, its thickness. Objects that the label images leave out,
    because they cover less than 0.033 % of the image, are not counted. Tracking is reset before each
    image.
    """

    name = "sizes"
    headline = ("found", "objects", "predicted")
    metric_specs: ClassVar = {"objects": COUNT, "predicted": COUNT}

    def __init__(self, data: Path, config: PipelineConfig) -> None:
        super().__init__(data, config)
        folders = sorted(path.parent for path in data.rglob(OBJECTS_FILE))
        if not folders:
            raise SourceError(
                f"{data}: holds no recording with {OBJECTS_FILE}; `scenerep-render sizes` writes some"
            )
        self._entries = {folder: read_objects(folder) for folder in folders}
        self._frames = {
            (folder.relative_to(data) / name).as_posix(): (scenes, name, folder)
            for folder, scenes in ((folder, ObjectScenes(folder)) for folder in folders)
            for name in scenes.names()
        }
        self.pipeline = Pipeline(config)

    def samples(self) -> Sequence[str]:
        """Return the names of the frames."""
        return list(self._frames)

    def group(self, sample: str) -> str:
        """Return the name of the recording's folder."""
        return self._frames[sample][2].name

    def has_depth(self) -> bool:
        """Return whether the first readable frame has depth."""
        return has_depth(partial(self._read_frame, name) for name in self.samples())

    def evaluate(self, sample: str) -> Result:
        """Segment one frame and look for each of its objects."""
        scenes, name, folder = self._frames[sample]
        frame, truth = scenes.read(name)
        self.pipeline.reset()
        labels = self.pipeline(frame).labels
        metrics = recall_by_size(labels, truth, self._entries[folder])
        return Result(metrics, draw_comparison(frame.color, truth, labels))

    def summary(self, rows: Sequence[Row]) -> list[Table]:
        """Return the means by recording, with the sizes in order."""
        means = group_means(rows)
        names = {name for row in means.rows.values() for name in row}
        columns = sorted(names, key=_column_order)
        table = Table(means.title)
        for group, row in means.rows.items():
            table.rows[group] = {name: row.get(name, float("nan")) for name in columns}
        return [table]

    def _read_frame(self, sample: str) -> RGBDFrame:
        scenes, name, _ = self._frames[sample]
        return scenes.read(name)[0]


def recall_by_size(predicted: Labels, truth: Labels, entries: Mapping[int, Any]) -> Metrics:
    """Look for each true object of a frame among the segments.

    Args:
        predicted: (H, W) labels; BACKGROUND and UNLABELLED belong to no object.
        truth: (H, W) labels; BACKGROUND belongs to no object, UNLABELLED is ignored.
        entries: `name` and `size` (3,) [m] of each true object.

    Returns:
        Share of the objects found, of all and by name and size; NaN without a true object. Numbers
        of true and of predicted objects.
    """
    is_judged = truth != UNLABELLED
    predicted = np.where(is_judged & (predicted != UNLABELLED), predicted, BACKGROUND)
    overlap = compute_overlap(np.where(is_judged, truth, BACKGROUND), predicted)
    is_found = overlap.iou.max(axis=1, initial=0) > MIN_IOU
    by_size: dict[str, list[bool]] = defaultdict(list)
    for label, found in zip(overlap.truth_ids.tolist(), is_found.tolist(), strict=True):
        entry = entries[label]
        by_size[f"{entry['name']}_{1000 * min(entry['size']):.0f}mm"].append(found)
    return {
        "found": float(is_found.mean()) if len(is_found) else float("nan"),
        "objects": float(len(is_found)),
        "predicted": float(len(overlap.predicted_ids)),
        **{name: float(np.mean(values)) for name, values in by_size.items()},
    }


def _column_order(name: str) -> tuple[int, str, int]:
    """Sort key of a column: the headline, then nouns with ascending sizes."""
    if name in Sizes.headline:
        return Sizes.headline.index(name), "", 0
    noun, _, size = name.rpartition("_")
    return len(Sizes.headline), noun, int(size.removesuffix("mm"))
