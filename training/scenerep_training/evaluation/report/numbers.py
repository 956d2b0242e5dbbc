"""Figures as people read them: percentages and units, with as many digits as mean something."""

from __future__ import annotations

import math

from scenerep_training.evaluation.framework.protocol import FRACTION, Quantity

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
_SPELLINGS = {"iou": "IoU", "ari": "ARI", "kl": "KL", "pca": "PCA", "f": "F", "j": "J", "jf": "J&F"}
_PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"))


def number(value: float | None, quantity: Quantity) -> str:
    """Return a figure without its unit; a dash where it is undefined.

    >>> number(0.97833, Quantity()), number(-0.012, Quantity()), number(float("nan"), Quantity())
    ('97.8', '−1.2', '–')
    >>> [number(value, Quantity("ms")) for value in (0.0421, 4.2, 142.3, 11423.4, 21_600_000.0)]
    ['0.042', '4.20', '142', '11,423', '21.6 M']
    """
    if value is None or not math.isfinite(value):
        return DASH
    text = f"{100 * value:.1f}" if quantity.unit == FRACTION else _plain(value)
    text = text.removeprefix("-") if not text.strip("-0.") else text
    return text.replace("-", MINUS)


def signed(value: float, quantity: Quantity) -> str:
    """Return a difference with its sign.

    >>> signed(0.01234, Quantity()), signed(0.0, Quantity())
    ('+1.2', '0.0')
    """
    text = number(value, quantity)
    return f"+{text}" if value > 0 and text.strip("0.") else text


def with_unit(value: float | None, quantity: Quantity) -> str:
    """Return a figure and its unit.

    >>> with_unit(0.5, Quantity()), with_unit(12.0, Quantity("ms")), with_unit(3.0, Quantity(""))
    ('50.0 %', '12.0 ms', '3.00')
    """
    text = number(value, quantity)
    return text if text == DASH else f"{text} {symbol(quantity)}".strip()


def symbol(quantity: Quantity) -> str:
    """What stands behind a number, or in the head of its column."""
    return "%" if quantity.unit == FRACTION else quantity.unit


def title(figure: str) -> str:
    """Name of a figure, for people.

    >>> title("overlap_f"), title("oracle_cluster_iou")
    ('overlap F', 'oracle cluster IoU')
    """
    return " ".join(_SPELLINGS.get(word, word) for word in figure.split("_"))


def heading(figure: str, quantity: Quantity) -> str:
    """Name of a figure with its unit.

    >>> heading("overlap_f", Quantity()), heading("objects", Quantity(""))
    ('overlap F, %', 'objects')
    """
    return ", ".join(part for part in (title(figure), symbol(quantity)) if part)


def _plain(value: float) -> str:
    size = abs(value)
    for power, letter in _PREFIXES:
        if size >= power:
            return f"{value / power:.3g} {letter}"
    if size >= 100:
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if size >= 0.1 or size == 0 else f"{value:.2g}"
