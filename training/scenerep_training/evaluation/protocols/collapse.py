"""`collapse`: detection of collapsed self-distillation from the curves of training logs."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from scenerep_ros.cli.flags.types import positive_count
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_training.datasets.training_logs import Curve, list_logs, read_curves
from scenerep_training.evaluation.figures import charts
from scenerep_training.evaluation.framework.protocol import (
    ERROR_RATIO,
    Metrics,
    MetricSpec,
    Protocol,
    Result,
    Row,
    Table,
    group_means,
)
from scenerep_training.evaluation.framework.registry import register_protocol
from scenerep_training.monitoring.collapse_criteria import classify_collapse, is_spread_lost

LATE_RATIO = 0.1
"""Last part of a curve whose median is its final value."""
NATS = MetricSpec("nats", 0)
PLAIN = MetricSpec("", 0)
AXIS_LABELS = {
    "teacher_entropy": "entropy, nats",
    "kl": "KL, nats",
    "feature_std": "feature std",
    "effective_rank": "effective rank",
}
UNDEFINED = float("nan")
JOINT_PLOT_NAME = "all-logs.png"


@register_protocol
class Collapse(Protocol):
    """The two kinds of collapse of DINO (Caron et al., ICCV 2021, section 5.3 and figure 7).

    The loss is the sum of the teacher's entropy and the KL divergence of the student from the
    teacher. A KL near 0 means that the output no longer depends on the image. The entropy gives the
    kind of collapse: near 0, one output always wins (`constant`, prevented by centering); near
    ln K, all K outputs are equal (`uniform`, prevented by sharpening). A log without entropy (BYOL)
    is `constant` if the spread of its features falls below 15 % of its initial value. Final values
    are medians over the last tenth of a curve; near means within 0.1 nats.

    A sample is a log: a CSV or JSONL file with some of the columns `step`, `teacher_entropy`, `kl`,
    `feature_std`, `effective_rank`; or a folder of TensorBoard events. `--outputs` gives K, without
    which a uniform collapse cannot be detected. The curves are in the run's `plots`.
    """

    name = "collapse"
    headline = ("collapsed", "teacher_entropy", "kl")
    is_ablatable = False
    metric_specs: ClassVar[Mapping[str, MetricSpec]] = {
        "collapsed": ERROR_RATIO,
        "constant": ERROR_RATIO,
        "uniform": ERROR_RATIO,
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
            type=positive_count,
            metavar="K",
            help="outputs of the head (DINO: 65536), to detect a uniform collapse",
        )

    def samples(self) -> Sequence[str]:
        """Return the names of the logs."""
        return list(self.logs)

    def evaluate(self, sample: str) -> Result:
        """Diagnose one log and plot its curves."""
        curves = read_curves(self.logs[sample])
        metrics = diagnose(curves, self.outputs)
        path = self.folder / "plots" / f"{sample.replace('/', '__')}.png"
        plot_log(curves, f"{sample}: {verdict(metrics)}", self.outputs, path)
        return Result(metrics)

    def summary(self, rows: Sequence[Row]) -> list[Table]:
        """Average over the logs, list the verdict of each, and plot several logs in one figure."""
        if len(rows) > 1:
            curves = {row.name: read_curves(self.logs[row.name]) for row in rows}
            plot_all_logs(curves, self.outputs, self.folder / "plots" / JOINT_PLOT_NAME)
        verdicts = {f"{row.name}: {verdict(row.metrics)}": row.metrics for row in rows}
        return [group_means(rows), Table("what each log shows", verdicts)]


def diagnose(curves: Mapping[str, Curve], outputs: int | None = None) -> Metrics:
    """Classify the end of a training run.

    Args:
        curves: by column name.
        outputs: number of outputs of the head, K; None if unknown.

    Returns:
        `collapsed`, `constant` and `uniform` are 0 or 1, or NaN if the log cannot show it; the
        others are the final values of the curves.
    """
    final = {name: final_value(curve) for name, curve in curves.items()}
    entropy = final.get("teacher_entropy", UNDEFINED)
    kind = classify_collapse(entropy, final.get("kl", 0.0), outputs)
    constant = _flag(entropy, kind == "constant")
    if "teacher_entropy" not in curves and "feature_std" in curves:
        initial_std = curves["feature_std"][0, 1]
        constant = float(is_spread_lost(final["feature_std"], initial_std))
    uniform = _flag(entropy if outputs else UNDEFINED, kind == "uniform")
    collapsed = float(np.fmax(constant, uniform))
    return {"collapsed": collapsed, "constant": constant, "uniform": uniform} | final


def verdict(metrics: Metrics) -> str:
    """Return the diagnosis in words."""
    if metrics["constant"] == 1:
        return "constant collapse"
    if metrics["uniform"] == 1:
        return "uniform collapse"
    if np.isnan(metrics["collapsed"]):
        return "not enough columns for a diagnosis"
    if "teacher_entropy" in metrics and np.isnan(metrics["uniform"]):
        return "no constant collapse (set --outputs to detect a uniform one)"
    return "no collapse"


def final_value(curve: Curve) -> float:
    """Return the median over the last tenth of a curve."""
    count = max(1, round(LATE_RATIO * len(curve)))
    return float(np.median(curve[-count:, 1]))


def plot_log(curves: Mapping[str, Curve], title: str, outputs: int | None, path: Path) -> None:
    """Write a plot of the curves, one below the other, with the limits of the entropy."""
    with charts.new_figure(4.8, 0.9 + 1.25 * len(curves)) as figure:
        panels = figure.subplots(len(curves), sharex=True, squeeze=False)[:, 0]
        for index, (axes, (name, curve)) in enumerate(zip(panels, curves.items(), strict=True)):
            axes.plot(*curve.T, color=charts.color(index), linewidth=1.5)
            axes.set_ylabel(AXIS_LABELS[name])
            entropy_limits = [0.0, *([np.log(outputs)] if outputs else [])]
            for limit in entropy_limits if name == "teacher_entropy" else [0.0]:
                axes.axhline(limit, color=charts.INK, linestyle=":", linewidth=1)
        panels[0].set_title(title)
        panels[-1].set_xlabel("step")
        charts.write_png(figure, path)


def plot_all_logs(
    curves: Mapping[str, Mapping[str, Curve]], outputs: int | None, path: Path
) -> None:
    """Write the paper's figure 7: entropy and KL divergence side by side, one line a log."""
    names = [
        name for name in ("teacher_entropy", "kl") if any(name in log for log in curves.values())
    ]
    names = names or ["feature_std"]
    with charts.new_figure(4.2 * len(names), 3.2) as figure:
        panels = figure.subplots(1, len(names), squeeze=False)[0]
        for axes, name in zip(panels, names, strict=True):
            for index, (log, columns) in enumerate(curves.items()):
                if name in columns:
                    axes.plot(*columns[name].T, color=charts.color(index), linewidth=1.5, label=log)
            axes.set_xlabel("step")
            axes.set_ylabel(AXIS_LABELS[name])
            if name == "teacher_entropy" and outputs:
                axes.axhline(np.log(outputs), color=charts.INK, linestyle=":", linewidth=1)
        panels[0].legend()
        charts.write_png(figure, path)


def _flag(evidence: float, holds: bool) -> float:
    """Return 0 or 1, or NaN without evidence."""
    return UNDEFINED if np.isnan(evidence) else float(holds)
