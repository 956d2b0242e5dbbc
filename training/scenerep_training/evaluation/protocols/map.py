"""`map`: labels, boxes, ids and named changes of scene maps."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from scenerep_ros.cli.flags.types import positive_count
from scenerep_ros.config.options import MappingOptions
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.mapping.difference import compare_maps
from scenerep_ros.mapping.drawing import draw_difference, draw_top_view
from scenerep_ros.mapping.scene_map import SceneMap
from scenerep_ros.pipeline import Pipeline
from scenerep_ros.sources import Source, open_source
from scenerep_training.datasets.recordings import has_depth, recording_paths
from scenerep_training.engine.run_folder import to_json
from scenerep_training.evaluation.framework.protocol import (
    COUNT,
    Metrics,
    MetricSpec,
    Protocol,
    Result,
    Row,
    Table,
)
from scenerep_training.evaluation.framework.registry import register_protocol
from scenerep_training.evaluation.scene_maps.disturbances import NAMES, Disturbances
from scenerep_training.evaluation.scene_maps.located_frames import locate_frames
from scenerep_training.evaluation.scene_maps.mapped_recording import (
    MapRun,
    compare_with_truth,
    played_position,
    run_map,
    run_metrics,
)
from scenerep_training.evaluation.scene_maps.named_changes import score_changes
from scenerep_training.evaluation.scene_maps.segmenters import (
    FrameSegmenter,
    OwnSegmenter,
    TrueSegmenter,
)
from scenerep_training.evaluation.scene_maps.true_objects import read_changes

BEFORE, AFTER = "before", "after"
LOWER_COUNT = MetricSpec("", -1)
HIGHER_COUNT = MetricSpec("", 1)
SUMMED = (
    *("true_objects", "found_boxes", "false_boxes", "switches", "rejected", "frames"),
    *("true_changes", "changes", "places", "true_places", "false_changes"),
    *("unposed", "located", "wrong_poses"),
)
"""Metrics of which the table gives the sum beside the mean."""


@register_protocol
class Map(Protocol):
    """Scene maps of recordings with depth and poses, and the changes between two walks.

    A sample is a recording, or a patrol: a folder with the recordings `before` and `after`, as
    `scenerep-render patrols` writes it. Its metrics are the means or sums of both recordings.

    Against true labels, within the range of the map: `map_miou`, mean over the frames of the mean
    IoU of true objects with the labels of the finished map (one to one), which is aligned with the
    true poses first; `frame_miou` and
    `best_frame_miou`, the same of the segments of single frames, mean and best frame. `found_boxes`
    of `true_objects` have a box with an IoU above 0.5 with that of the visible true surface;
    `false_boxes` are the others of the map. `switches` counts how often a true object that a
    segment shows (IoU above 0.5) gets another id of the map. `changes` of `true_changes` are named
    with their kind; `places` of `true_places` are named at all (a moved object has two);
    `false_changes` are named where nothing changed.

    With --relocalize, every second frame of a recording is located in the map of the others, and all
    frames of the second walk of a patrol in the map of the first. Of the `unposed` frames, `located`
    get a pose within 20 cm and 10 degrees, with the median errors `located_cm` and `located_deg`;
    `wrong_poses` are the other poses.

    `integration_ms` is the median CPU time of a frame's integration, and `peak_mb` the largest size
    of the map.
    """

    name = "map"
    headline = ("map_miou", "changes", "false_changes")
    metric_specs: ClassVar = {
        "frames": COUNT,
        "rejected": COUNT,
        "objects": COUNT,
        "true_objects": COUNT,
        "found_boxes": HIGHER_COUNT,
        "false_boxes": LOWER_COUNT,
        "switches": LOWER_COUNT,
        "true_changes": COUNT,
        "changes": HIGHER_COUNT,
        "true_places": COUNT,
        "places": HIGHER_COUNT,
        "false_changes": LOWER_COUNT,
        "unposed": COUNT,
        "located": HIGHER_COUNT,
        "wrong_poses": LOWER_COUNT,
        "located_cm": MetricSpec("cm", -1),
        "located_deg": MetricSpec("deg", -1),
        "integration_ms": MetricSpec("ms", -1),
        "peak_mb": MetricSpec("MB", -1),
    }

    def __init__(
        self,
        data: Path,
        config: PipelineConfig,
        masks: str = "own",
        disturb: Sequence[str] = (),
        passes: int = 1,
        relocalize: bool = False,
    ) -> None:
        super().__init__(data, config)
        self._paths = _sample_paths(data)
        self._disturb, self._passes, self._relocalize = disturb, passes, relocalize
        self._segment: FrameSegmenter = (
            TrueSegmenter() if masks == "true" else OwnSegmenter(Pipeline(config))
        )

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Register --masks, --disturb, --passes and --relocalize."""
        parser.add_argument(
            "--masks",
            choices=("own", "true"),
            default="own",
            help="segments that enter the map: those of the pipeline, or the true ones with ids and "
            "with random features (default: own)",
        )
        parser.add_argument(
            "--disturb",
            nargs="+",
            choices=NAMES,
            default=[],
            metavar="NAME",
            help="disturb the poses: noise (1 cm and 1 degree), outage (none for 5 s), jump (one "
            "frame 2 m off)",
        )
        parser.add_argument(
            "--passes",
            type=positive_count,
            default=1,
            metavar="N",
            help="play each recording N times, forward and backward in turn, so that objects leave and "
            "return (default: 1)",
        )
        parser.add_argument(
            "--relocalize",
            action="store_true",
            help="locate frames without their poses: every second one of a recording in the map of the "
            "others, those of the second walk of a patrol in the map of the first",
        )

    def samples(self) -> Sequence[str]:
        """Return the names of recordings and patrols."""
        return list(self._paths)

    def has_depth(self) -> bool:
        """Return whether the first frame has depth, of the first recording that can be read."""
        paths = [_recordings(path)[0] for path in self._paths.values()]
        return has_depth(partial(_first_frame, path) for path in paths)

    def group(self, sample: str) -> str:  # noqa: ARG002
        """Return one group for all samples."""
        return "all"

    def evaluate(self, sample: str) -> Result:
        """Map one recording, or both of a patrol, and compare them."""
        recordings = _recordings(self._paths[sample])
        runs, metrics, labels = [], [], []
        for source in recordings:
            run = self._map(source, self._relocalize and len(recordings) == 1)
            comparison = compare_with_truth(source, run)
            runs.append(run)
            metrics.append(run_metrics(run) | comparison.metrics)
            labels.append(comparison.true_label_of)
        located = self._locate(recordings, runs) if self._relocalize else {}
        if len(runs) == 1:
            return Result(metrics[0] | located, draw_top_view(runs[0].scene_map.snapshot()))
        before, after = (run.scene_map.snapshot() for run in runs)
        difference = compare_maps(before, after)
        truth = read_changes(*(self._paths[sample] / name for name in (BEFORE, AFTER)))
        score = score_changes(difference, truth, *labels)
        path = self.folder / "changes" / f"{sample.replace('/', '__')}.json"
        write_atomically(path, to_json(vars(score)).encode())
        changes = {
            "true_changes": float(len(truth.added) + len(truth.removed) + len(truth.moved)),
            "changes": float(score.found),
            "true_places": float(score.true_places),
            "places": float(score.places),
            "false_changes": float(score.false),
        }
        picture = draw_difference(before, after, difference)
        return Result(_combined(*metrics) | changes | located, picture)

    def summary(self, rows: Sequence[Row]) -> list[Table]:
        """Return means over the samples, and sums of counts."""
        sums = {
            name: sum(row.metrics[name] for row in rows if name in row.metrics)
            for name in SUMMED
            if any(name in row.metrics for row in rows)
        }
        return [*super().summary(rows), Table("sum over samples", {"all": sums})]

    def _map(self, source: Source, withholds_odd: bool) -> MapRun:
        disturb = Disturbances(self._disturb, len(source) * self._passes)

        def given(frame: RGBDFrame, index: int) -> RGBDFrame:
            _, position = played_position(index, len(source))
            is_withheld = withholds_odd and position % 2 == 1
            return disturb(replace(frame, pose=None) if is_withheld else frame, index)

        return run_map(source, self._segment, given, SceneMap(MappingOptions()), self._passes)

    def _locate(self, recordings: Sequence[Source], runs: Sequence[MapRun]) -> Metrics:
        """Locate frames in the map of the first recording, see the description of the class."""
        source, scenes = recordings[-1], runs[-1].scenes
        step = 1 if len(recordings) > 1 else 2
        return locate_frames(runs[0].scene_map, source, scenes, range(step - 1, len(source), step))


def _sample_paths(data: Path) -> dict[str, Path]:
    """Return the recordings and patrols of a folder by name.

    Raises:
        SourceError: if there is none.
    """
    if _is_patrol(data):
        return {data.name: data}
    patrols = sorted(filter(_is_patrol, data.iterdir())) if data.is_dir() else []
    paths = patrols or recording_paths(data)
    if not patrols:
        open_source(paths[0])
    return {path.resolve().name: path for path in paths}


def _is_patrol(path: Path) -> bool:
    return (path / BEFORE).is_dir() and (path / AFTER).is_dir()


def _recordings(path: Path) -> list[Source]:
    paths = [path / BEFORE, path / AFTER] if _is_patrol(path) else [path]
    return [open_source(item) for item in paths]


def _first_frame(source: Source) -> RGBDFrame:
    return source[0]


def _combined(first: Metrics, second: Metrics) -> Metrics:
    """Return the sum of counts, and the mean of other metrics, of two recordings."""
    return {
        name: first[name] + second[name] if name in SUMMED else (first[name] + second[name]) / 2
        for name in first
    }
