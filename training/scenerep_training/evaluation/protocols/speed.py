"""`speed`: latency, size and memory of backbones, beside their quality."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from scenerep_ros.cli.flags.types import positive_count
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import ConfigError, FrameError
from scenerep_ros.sources import open_source
from scenerep_training.engine.run_folder import read_json
from scenerep_training.evaluation.figures import charts
from scenerep_training.evaluation.framework.protocol import (
    Metrics,
    MetricSpec,
    Protocol,
    Result,
    Row,
    Table,
    mean_metrics,
)
from scenerep_training.evaluation.framework.registry import register_protocol
from scenerep_training.evaluation.framework.runner import null_to_nan
from scenerep_training.evaluation.metrics.pareto import pareto_front
from scenerep_training.evaluation.probes.speed_probe import (
    WARM_UP_PASSES,
    ProbeRequest,
    measure_in_subprocess,
)

BACKBONES = (
    "vit_small_patch14_dinov2.lvd142m",
    "vit_small_patch16_224.dino",
    "resnet50.a1_in1k",
    "resnet18.a1_in1k",
    "mobilenetv4_conv_small.e2400_r224_in1k",
)
RESOLUTIONS = (224, 308)
PASSES = 20


@register_protocol
class Speed(Protocol):
    """Latency, parameters, operations and memory of backbones, one image at a time.

    A sample is BACKBONE@RESOLUTION, measured in a process of its own on the first frame of the
    data, whose aspect ratio matters. Weights are random unless --weights is given: they do not
    change the cost. `latency_ms` is the median over 20 passes after 3 warm-up passes, from the
    image in memory to its features, with resizing; `images_per_second` is 1000 / `latency_ms`.
    `parameters_m` (millions) and `gflops` are of the part of the network that runs, with two
    operations for each multiply-add. `memory_mb` is the peak that loading and running add: of
    CUDA's allocator, or of the process's resident memory.

    `quality` is the first headline metric of those runs named by --quality that have the same
    backbone and resolution; plots/pareto.png shows it against the latency.
    """

    name = "speed"
    headline = ("images_per_second", "latency_ms")
    is_ablatable = False
    metric_specs: ClassVar = {
        "images_per_second": MetricSpec("images/s", 1),
        "latency_ms": MetricSpec("ms", -1),
        "memory_mb": MetricSpec("MB", -1),
        "parameters_m": MetricSpec("M", -1),
        "gflops": MetricSpec("GFLOP", -1),
    }
    trade_off = ("latency_ms", "quality")
    default_options: ClassVar = {"weights": "random"}

    def __init__(
        self,
        data: Path,
        config: PipelineConfig,
        backbones: Sequence[str] = BACKBONES,
        resolutions: Sequence[int] = RESOLUTIONS,
        quality: Sequence[str] = (),
        passes: int = PASSES,
    ) -> None:
        super().__init__(data, config)
        open_source(data)  # fail early
        self.models = {f"{name}@{size}": (name, size) for name in backbones for size in resolutions}
        self.passes = passes
        self.quality = read_quality(quality)

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Register --backbones, --resolutions, --passes and --quality."""
        parser.add_argument(
            "--backbones",
            nargs="+",
            default=list(BACKBONES),
            metavar="NAME",
            help=f"timm models to measure (default: {' '.join(BACKBONES)})",
        )
        parser.add_argument(
            "--resolutions",
            nargs="+",
            type=positive_count,
            default=list(RESOLUTIONS),
            metavar="PIXELS",
            help=f"of the shorter side (default: {' '.join(map(str, RESOLUTIONS))})",
        )
        parser.add_argument(
            "--passes",
            type=positive_count,
            default=PASSES,
            metavar="N",
            help=f"measured passes, after {WARM_UP_PASSES} warm-up passes (default: {PASSES})",
        )
        parser.add_argument(
            "--quality",
            nargs="+",
            default=[],
            metavar="RUN",
            help="folders of finished runs of one protocol, with these backbones",
        )

    def samples(self) -> Sequence[str]:
        """Return BACKBONE@RESOLUTION for all resolutions of each backbone."""
        return list(self.models)

    def group(self, sample: str) -> str:
        """Return the name of the backbone."""
        return self.models[sample][0]

    def evaluate(self, sample: str) -> Result:
        """Measure one backbone at one resolution."""
        name, resolution = self.models[sample]
        options = self._backbone_options(name, resolution)
        request = ProbeRequest(options, str(self.data), self.passes, torch.get_num_threads())
        try:
            metrics = measure_in_subprocess(request)
        except FrameError as error:
            raise FrameError(f"{sample}: {error}") from None
        if self.models[sample] in self.quality:
            metrics["quality"] = self.quality[self.models[sample]]
        return Result(metrics)

    def summary(self, rows: Sequence[Row]) -> list[Table]:
        """List all metrics of each backbone and resolution, and plot those with known quality."""
        rows_with_quality = [row for row in rows if "quality" in row.metrics]
        if rows_with_quality:
            plot_pareto(rows_with_quality, self.folder / "plots" / "pareto.png")
        metrics = {row.name: row.metrics for row in rows}
        return [Table("backbone@resolution", metrics | {"all": mean_metrics(rows)})]

    def _backbone_options(self, backbone: str, resolution: int) -> dict[str, Any]:
        options = self.config.model_dump(include=set(BackboneOptions.model_fields))
        return options | {"backbone": backbone, "resolution": resolution}


def read_quality(runs: Sequence[Path | str]) -> dict[tuple[str, int], float]:
    """Read the first headline metric of finished runs, by backbone and resolution.

    Raises:
        ConfigError: if a run has not finished, or the runs are of different protocols, or two have
            the same backbone and resolution.
    """
    paths = [Path(run) for run in runs]
    contents = [read_json(path if path.is_file() else path / "run.json") for path in paths]
    protocols = {run["protocol"] for run in contents}
    if len(protocols) > 1:
        raise ConfigError(f"--quality: runs of {', '.join(sorted(protocols))}; name runs of one")
    quality: dict[tuple[str, int], float] = {}
    for path, run in zip(paths, contents, strict=True):
        options = run["settings"]["options"]
        key = options["backbone"], options["resolution"]
        if key in quality:
            raise ConfigError(f"--quality: {path} is a second run of {key[0]}@{key[1]}; name one")
        overall: Metrics = null_to_nan(run["tables"][0]["rows"]["all"])
        quality[key] = overall[run["headline"][0]]
    return {key: value for key, value in quality.items() if not np.isnan(value)}


def plot_pareto(rows: Sequence[Row], path: Path) -> None:
    """Plot quality against latency, with the Pareto front."""
    points = np.array([[row.metrics["latency_ms"], row.metrics["quality"]] for row in rows])
    front = points[pareto_front(points[:, 0], points[:, 1])]
    with charts.new_figure(7.2, 4.8) as figure:
        axes = figure.subplots()
        axes.step(*front.T, where="post", color=charts.INK, linewidth=1, label="Pareto front")
        for index, backbone in enumerate(dict.fromkeys(row.group for row in rows)):
            backbone_points = points[[row.group == backbone for row in rows]]
            (line,) = axes.plot(*backbone_points.T, charts.marker(index), label=backbone)
            line.set_color(charts.color(index))
        for row, point in zip(rows, points, strict=True):
            resolution = row.name.rpartition("@")[2]
            axes.annotate(resolution, point, xytext=(6, -11), textcoords="offset points")
        axes.set(xlabel="latency, ms", ylabel="quality")
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.margins(0.1)
        figure.legend(loc="outside lower left", ncols=2)
        charts.write_png(figure, path)
