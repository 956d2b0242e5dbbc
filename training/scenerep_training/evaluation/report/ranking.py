"""Ranking of samples by a metric."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scenerep_training.evaluation.framework.protocol import Row

DEFAULT_COUNT = 10


def best_and_worst(
    rows: Sequence[Row], metric: str, direction: int = 1, count: int = DEFAULT_COUNT
) -> tuple[list[Row], list[Row]]:
    """Return the best samples, best first, and the worst, worst first; the lists are disjoint.

    Args:
        rows: of one run; those without the metric are left out.
        metric: metric of the ranking.
        direction: -1 where lower is better.
        count: maximum length of each list.
    """
    defined = [row for row in rows if not np.isnan(row.metrics.get(metric, np.nan))]
    sign = -1 if direction < 0 else 1
    ranked = sorted(defined, key=lambda row: sign * row.metrics[metric], reverse=True)
    worst = min(count, len(ranked) // 2)
    best = min(count, len(ranked) - worst)
    return ranked[:best], ranked[::-1][:worst]
