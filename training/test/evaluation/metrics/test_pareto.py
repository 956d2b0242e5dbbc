from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scenerep_training.evaluation.metrics.pareto import pareto_front

POINTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=12)


@given(POINTS)
def test_pareto_front_dominates_every_point(points):
    cost, quality = np.array(points, float).T
    front = pareto_front(cost, quality)
    for index in range(len(points)):
        assert any(cost[f] <= cost[index] and quality[f] >= quality[index] for f in front)
    assert (np.diff(cost[front]) > 0).all()
    assert (np.diff(quality[front]) > 0).all()
