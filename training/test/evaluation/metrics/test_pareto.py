from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scenerep_training.evaluation.metrics.pareto import pareto_front

POINTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=12)


@given(POINTS)
def test_every_point_is_on_the_front_or_no_better_than_one_that_is(points):
    cost, quality = np.array(points, float).T
    front = pareto_front(cost, quality)
    for index in range(len(points)):
        as_good = [f for f in front if cost[f] <= cost[index] and quality[f] >= quality[index]]
        assert as_good
    assert (np.diff(cost[front]) > 0).all()
    assert (np.diff(quality[front]) > 0).all()
