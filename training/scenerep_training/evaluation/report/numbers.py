"""Formatting of metrics: percentages, units and significant digits."""

from __future__ import annotations

import math

from scenerep_training.evaluation.framework.protocol import FRACTION, MetricSpec

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
_SPELLINGS = {"iou": "IoU", "ari": "ARI", "kl": "KL", "pca": "PCA", "f": "F", "j": "J", "jf": "J&F"}
_SI_PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"))


def format_value(value: float | None, spec: MetricSpec) -> str:
    """Return a value without its unit; a dash where it is undefined.

    >>> percent, ms = MetricSpec(), MetricSpec("ms")
    >>> [format_value(value, percent) for value in (0.97833, -0.012, float("nan"))]
    ['97.8', '−1.2', '–']
    >>> [format_value(value, ms) for value in (0.0421, 4.2, 142.3, 11423.4, 21_600_000.0)]
    ['0.042', '4.20', '142', '11,423', '21.6 M']
    """
    if value is None or not math.isfinite(value):
        return DASH
    text = f"{100 * value:.1f}" if spec.unit == FRACTION else _format_plain(value)
    text = text.removeprefix("-") if not text.strip("-0.") else text  # no negative zero
    return text.replace("-", MINUS)


def format_difference(value: float, spec: MetricSpec) -> str:
    """Return a difference with its sign.

    >>> format_difference(0.01234, MetricSpec()), format_difference(0.0, MetricSpec())
    ('+1.2', '0.0')
    """
    text = format_value(value, spec)
    return f"+{text}" if value > 0 and text.strip("0.") else text


def format_with_unit(value: float | None, spec: MetricSpec) -> str:
    """Return a value and its unit.

    >>> specs = (MetricSpec(), MetricSpec("ms"), MetricSpec(""))
    >>> [format_with_unit(0.5, spec) for spec in specs]
    ['50.0 %', '0.50 ms', '0.50']
    """
    text = format_value(value, spec)
    return text if text == DASH else f"{text} {unit_symbol(spec)}".strip()


def unit_symbol(spec: MetricSpec) -> str:
    """Return the symbol that follows a value or stands in the head of its column."""
    return "%" if spec.unit == FRACTION else spec.unit


def metric_title(metric: str) -> str:
    """Return the readable name of a metric.

    >>> metric_title("overlap_f"), metric_title("oracle_cluster_iou")
    ('overlap F', 'oracle cluster IoU')
    """
    return " ".join(_SPELLINGS.get(word, word) for word in metric.split("_"))


def column_heading(metric: str, spec: MetricSpec) -> str:
    """Return the readable name of a metric with its unit.

    >>> column_heading("overlap_f", MetricSpec()), column_heading("objects", MetricSpec(""))
    ('overlap F, %', 'objects')
    """
    return ", ".join(part for part in (metric_title(metric), unit_symbol(spec)) if part)


def _format_plain(value: float) -> str:
    size = abs(value)
    for power, prefix in _SI_PREFIXES:
        if size >= power:
            return f"{value / power:.3g} {prefix}"
    if size >= 100:
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if size >= 0.1 or size == 0 else f"{value:.2g}"
