"""Which samples went best and worst."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scenerep_training.evaluation.framework.protocol import Row

SHOWN = 10


def best_and_worst(
    rows: Sequence[Row], figure: str, better: int = 1, shown: int = SHOWN
) -> tuple[list[Row], list[Row]]:
    """Return the best samples, best first, and the worst, worst first; none is in both.

    Args:
        rows: of one run; those without the figure are left out.
        figure: by which they are ranked.
        better: -1 where less is better.
        shown: most of each to return.
    """
    having = [row for row in rows if not np.isnan(row.figures.get(figure, np.nan))]
    direction = -1 if better < 0 else 1
    ranked = sorted(having, key=lambda row: direction * row.figures[figure], reverse=True)
    worst = min(shown, len(ranked) // 2)
    best = min(shown, len(ranked) - worst)
    return ranked[:best], ranked[::-1][:worst]
