"""`collapse`: whether self-distillation went to sleep, from the curves of training logs."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_training.datasets.training_logs import Curve, list_logs, read_curves
from scenerep_training.evaluation.figures import charts
from scenerep_training.evaluation.framework.flags import positive
from scenerep_training.evaluation.framework.protocol import (
    ERROR,
    Figures,
    Protocol,
    Quantity,
    Result,
    Row,
    Table,
    group_means,
)
from scenerep_training.monitoring.collapse import is_spread_lost, classify_collapse

LATE_SHARE = 0.1
"""Last part of a curve, whose median says where it went."""
NATS = Quantity("nats", 0)
PLAIN = Quantity("", 0)
LABELS = {
    "teacher_entropy": "entropy, nats",
    "kl": "KL, nats",
    "feature_std": "feature std",
    "effective_rank": "effective rank",
}
UNDEFINED = float("nan")
TOGETHER = "all-logs.png"


class Collapse(Protocol):
    """The two ways in which DINO collapses (Caron et al., ICCV 2021, section 5.3 and figure 7).

    The loss is the sum of the teacher's entropy and of the divergence (KL) of the student from it.
    A KL that goes to 0 means that the output no longer depends on the image. Then the entropy tells
    how: near 0, one output wins always (`constant`: what centring prevents); near ln K, all K
    outputs are equal (`uniform`: what sharpening prevents). A log without entropy (BYOL) is
    `constant` when the spread of its features falls below 15 % of where it began. The values are
    medians over the last tenth of the curve; near means within 0.1 nats.

    A sample is a log: a CSV or JSONL file with the columns `step`, `teacher_entropy`, `kl`,
    `feature_std`, `effective_rank`, or some of them; or a folder of TensorBoard events. K is told by
    `--outputs`; without it a uniform collapse cannot be told. The curves are in the run's `plots`.
    """

    name = "collapse"
    headline = ("collapsed", "teacher_entropy", "kl")
    quantities: ClassVar[Mapping[str, Quantity]] = {
        "collapsed": ERROR,
        "constant": ERROR,
        "uniform": ERROR,
        "teacher_entropy": NATS,
        "kl": NATS,
        "feature_std": PLAIN,
        "effective_rank": PLAIN,
    }

    def __init__(self, data: Path, config: PipelineConfig, outputs: int | None = None) -> None:
        super().__init__(data, config)
        self.logs = list_logs(data)
        self.outputs = outputs

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Register --outputs."""
        parser.add_argument(
            "--outputs",
            type=positive,
            metavar="K",
            help="outputs of the head (DINO's own: 65536), to tell a uniform collapse",
        )

    def samples(self) -> Sequence[str]:
        """Names of the logs."""
        return list(self.logs)

    def evaluate(self, sample: str) -> Result:
        """Read one log, draw its curves and say where they went."""
        curves = read_curves(self.logs[sample])
        figures = diagnose(curves, self.outputs)
        path = self.folder / "plots" / f"{sample.replace('/', '__')}.png"
        draw_curves(curves, f"{sample}: {verdict(figures)}", self.outputs, path)
        return Result(figures)

    def summary(self, rows: Sequence[Row]) -> list[Table]:
        """Means over the logs, and what each one shows; several are drawn in one figure."""
        if len(rows) > 1:
            curves = {row.name: read_curves(self.logs[row.name]) for row in rows}
            draw_together(curves, self.outputs, self.folder / "plots" / TOGETHER)
        said = {f"{row.name}: {verdict(row.figures)}": row.figures for row in rows}
        return [group_means(rows), Table("what each log shows", said)]


def diagnose(curves: Mapping[str, Curve], outputs: int | None = None) -> Figures:
    """Say where curves went.

    Args:
        curves: by their column's name.
        outputs: of the head, K; None where it is not known.

    Returns:
        `collapsed`, `constant` and `uniform` are 0 or 1, or NaN where the log does not tell; the
        others are the late values of the curves.
    """
    late = {name: late_value(curve) for name, curve in curves.items()}
    entropy = late.get("teacher_entropy", UNDEFINED)
    kind = classify_collapse(entropy, late.get("kl", 0.0), outputs)
    constant = _flag(entropy, kind == "constant")
    if "teacher_entropy" not in curves and "feature_std" in curves:
        constant = float(is_spread_lost(late["feature_std"], curves["feature_std"][0, 1]))
    uniform = _flag(entropy if outputs else UNDEFINED, kind == "uniform")
    collapsed = float(np.fmax(constant, uniform))
    return {"collapsed": collapsed, "constant": constant, "uniform": uniform} | late


def verdict(figures: Figures) -> str:
    """Say it in words."""
    if figures["constant"] == 1:
        return "constant collapse"
    if figures["uniform"] == 1:
        return "uniform collapse"
    if np.isnan(figures["collapsed"]):
        return "the log does not tell"
    if "teacher_entropy" in figures and np.isnan(figures["uniform"]):
        return "no constant collapse (name --outputs to tell a uniform one)"
    return "no collapse"


def late_value(curve: Curve) -> float:
    """Median over the last tenth of a curve."""
    count = max(1, round(LATE_SHARE * len(curve)))
    return float(np.median(curve[-count:, 1]))


def draw_curves(curves: Mapping[str, Curve], title: str, outputs: int | None, path: Path) -> None:
    """Write a plot of the curves, one below the other, with the entropy's two ends."""
    with charts.new_figure(4.8, 0.9 + 1.25 * len(curves)) as figure:
        panels = figure.subplots(len(curves), sharex=True, squeeze=False)[:, 0]
        for index, (axes, (name, curve)) in enumerate(zip(panels, curves.items(), strict=True)):
            axes.plot(*curve.T, color=charts.color(index), linewidth=1.5)
            axes.set_ylabel(LABELS[name])
            ends = [0.0, *([np.log(outputs)] if outputs else [])]
            for end in ends if name == "teacher_entropy" else [0.0]:
                axes.axhline(end, color=charts.INK, linestyle=":", linewidth=1)
        panels[0].set_title(title)
        panels[-1].set_xlabel("step")
        charts.write_png(figure, path)


def draw_together(
    curves: Mapping[str, Mapping[str, Curve]], outputs: int | None, path: Path
) -> None:
    """Write the paper's figure 7: entropy and divergence side by side, a line a log."""
    names = [
        name for name in ("teacher_entropy", "kl") if any(name in log for log in curves.values())
    ]
    names = names or ["feature_std"]
    with charts.new_figure(4.2 * len(names), 3.2) as figure:
        panels = figure.subplots(1, len(names), squeeze=False)[0]
        for axes, name in zip(panels, names, strict=True):
            for index, (log, drawn) in enumerate(curves.items()):
                if name in drawn:
                    axes.plot(*drawn[name].T, color=charts.color(index), linewidth=1.5, label=log)
            axes.set_xlabel("step")
            axes.set_ylabel(LABELS[name])
            if name == "teacher_entropy" and outputs:
                axes.axhline(np.log(outputs), color=charts.INK, linestyle=":", linewidth=1)
        panels[0].legend()
        charts.write_png(figure, path)


def _flag(known: float, holds: bool) -> float:
    return UNDEFINED if np.isnan(known) else float(holds)
