"""Scaling of vectors to unit length."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scenerep_ros.ops.unit_vectors import unit_rows

VALUES = st.floats(-1000, 1000, width=32)
VECTORS = arrays(np.float32, (3, 4), elements=VALUES)


@given(VECTORS)
def test_unit_rows_have_unit_length_and_their_direction(vectors):
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    vectors[lengths < 1e-6] = 0
    units = unit_rows(vectors)
    assert units.dtype == np.float32
    np.testing.assert_allclose(units * lengths[:, None], vectors, rtol=1e-4, atol=1e-6)
    is_zero = ~vectors.any(axis=1)
    np.testing.assert_allclose(np.linalg.norm(units, axis=1), ~is_zero, atol=1e-5)
