"""`speed`: what backbones cost, beside how good they are."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import ConfigError, FrameError
from scenerep_ros.sources import open_source
from scenerep_training.engine.run_folder import read_json
from scenerep_training.evaluation.figures import charts
from scenerep_training.evaluation.framework.flags import positive
from scenerep_training.evaluation.framework.protocol import (
    Figures,
    Protocol,
    Quantity,
    Result,
    Row,
    Table,
    mean,
)
from scenerep_training.evaluation.framework.runner import undefined_as_nan
from scenerep_training.evaluation.metrics.pareto import pareto_front
from scenerep_training.evaluation.protocols.speed_probe import WARM_UP, Request, measure_apart

BACKBONES = (
    "vit_small_patch14_dinov2.lvd142m",
    "vit_small_patch16_224.dino",
    "resnet50.a1_in1k",
    "resnet18.a1_in1k",
    "mobilenetv4_conv_small.e2400_r224_in1k",
)
RESOLUTIONS = (224, 308)
PASSES = 20


class Speed(Protocol):
    """Images a second, parameters, operations and memory of backbones, one image at a time.

    A sample is BACKBONE@RESOLUTION, measured in a process of its own on the first frame of the
    data, whose aspect counts. Weights are random unless --weights says otherwise: they change no
    cost. `latency_ms` is the median over 20 passes after 3 that do not count, from the image in
    memory to its features, resizing included; `images_per_second` is 1000 / `latency_ms`.
    `parameters_m` (millions) and `gflops` are of the part that runs, two operations a multiply-add.
    `memory_mb` is the peak that loading and running add: of CUDA's allocator, or of the resident
    memory of the process.

    `quality` is the first figure of the headline of those runs named by --quality that were made
    with the same backbone at the same resolution; plots/pareto.png shows it against the latency.
    """

    name = "speed"
    headline = ("images_per_second", "latency_ms")
    quantities: ClassVar = {
        "images_per_second": Quantity("images/s", 1),
        "latency_ms": Quantity("ms", -1),
        "memory_mb": Quantity("MB", -1),
        "parameters_m": Quantity("M", -1),
        "gflops": Quantity("GFLOP", -1),
    }
    trade_off = ("latency_ms", "quality")
    defaults: ClassVar = {"weights": "random"}

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
        open_source(data)
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
            type=positive,
            default=list(RESOLUTIONS),
            metavar="PIXELS",
            help=f"of the shorter side (default: {' '.join(map(str, RESOLUTIONS))})",
        )
        parser.add_argument(
            "--passes",
            type=positive,
            default=PASSES,
            metavar="N",
            help=f"passes that count, after {WARM_UP} (default: {PASSES})",
        )
        parser.add_argument(
            "--quality",
            nargs="+",
            default=[],
            metavar="RUN",
            help="folders of finished runs of one protocol, with these backbones",
        )

    def samples(self) -> Sequence[str]:
        """BACKBONE@RESOLUTION, backbone after backbone."""
        return list(self.models)

    def group(self, sample: str) -> str:
        """Name of the backbone."""
        return self.models[sample][0]

    def evaluate(self, sample: str) -> Result:
        """Measure one backbone at one resolution."""
        name, resolution = self.models[sample]
        options = self._options(name, resolution)
        request = Request(options, str(self.data), self.passes, torch.get_num_threads())
        try:
            figures = measure_apart(request)
        except FrameError as error:
            raise FrameError(f"{sample}: {error}") from None
        if self.models[sample] in self.quality:
            figures["quality"] = self.quality[self.models[sample]]
        return Result(figures)

    def summary(self, rows: Sequence[Row]) -> list[Table]:
        """All figures of each backbone at each resolution, and the plot where quality is known."""
        known = [row for row in rows if "quality" in row.figures]
        if known:
            draw_pareto(known, self.folder / "plots" / "pareto.png")
        figures = {row.name: row.figures for row in rows}
        return [Table("backbone@resolution", figures | {"all": mean(rows)})]

    def _options(self, backbone: str, resolution: int) -> dict[str, Any]:
        options = self.config.model_dump(include=set(BackboneOptions.model_fields))
        return options | {"backbone": backbone, "resolution": resolution}


def read_quality(runs: Sequence[Path | str]) -> dict[tuple[str, int], float]:
    """First figure of the headline of finished runs, by backbone and resolution.

    Raises:
        ConfigError: if a run has not ended, or they are of different protocols, or two are of the
            same backbone at the same resolution.
    """
    paths = [Path(run) for run in runs]
    found = [read_json(path if path.is_file() else path / "run.json") for path in paths]
    protocols = {run["protocol"] for run in found}
    if len(protocols) > 1:
        raise ConfigError(f"--quality: runs of {', '.join(sorted(protocols))}; name runs of one")
    quality: dict[tuple[str, int], float] = {}
    for path, run in zip(paths, found, strict=True):
        options = run["settings"]["options"]
        key = options["backbone"], options["resolution"]
        if key in quality:
            raise ConfigError(f"--quality: {path} is a second run of {key[0]}@{key[1]}; name one")
        overall: Figures = undefined_as_nan(run["tables"][0]["rows"]["all"])
        quality[key] = overall[run["headline"][0]]
    return {key: value for key, value in quality.items() if not np.isnan(value)}


def draw_pareto(rows: Sequence[Row], path: Path) -> None:
    """Plot quality against latency, with the front of those that none beats in both."""
    points = np.array([[row.figures["latency_ms"], row.figures["quality"]] for row in rows])
    front = points[pareto_front(points[:, 0], points[:, 1])]
    with charts.new_figure(7.2, 4.8) as figure:
        axes = figure.subplots()
        axes.step(*front.T, where="post", color=charts.INK, linewidth=1, label="Pareto front")
        for index, backbone in enumerate(dict.fromkeys(row.group for row in rows)):
            own = points[[row.group == backbone for row in rows]]
            (dots,) = axes.plot(*own.T, charts.marker(index), label=backbone)
            dots.set_color(charts.color(index))
        for row, point in zip(rows, points, strict=True):
            resolution = row.name.rpartition("@")[2]
            axes.annotate(resolution, point, xytext=(6, -11), textcoords="offset points")
        axes.set(xlabel="latency, ms", ylabel="quality")
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.margins(0.1)
        figure.legend(loc="outside lower left", ncols=2)
        charts.write_png(figure, path)
