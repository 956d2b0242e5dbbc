"""Association of the stamps of two lists, as in the TUM benchmark's tools."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.sources.folders.association import associate

STAMPS = st.lists(st.integers(0, 1000), max_size=12, unique=True).map(sorted)


def associate_by_definition(first, second, slop):
    """Apply the benchmark's rule literally: closest pair first, each stamp once."""
    pairs = []
    for _, a, b in sorted((abs(a - b), a, b) for a in first for b in second if abs(a - b) <= slop):
        if a not in [pair[0] for pair in pairs] and b not in [pair[1] for pair in pairs]:
            pairs.append((a, b))
    return sorted(pairs)


@given(STAMPS, STAMPS, st.integers(0, 200))
def test_associate_equals_the_rule_of_the_benchmark(first, second, slop):
    pairs = associate(np.array(first, np.int64), np.array(second, np.int64), slop)
    assert [(first[i], second[j]) for i, j in pairs] == associate_by_definition(first, second, slop)
