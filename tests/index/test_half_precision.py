"""Vectors of sixteen bits become the same numbers in 32, on the thread that asks."""

from __future__ import annotations

import faiss
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from index.half_precision import HalfPrecision, one_thread


@given(
    arrays(
        np.float16,
        st.tuples(st.integers(0, 9), st.integers(1, 40)),
        elements=st.floats(width=16, allow_nan=False),
    )
)
def test_every_number_stays_what_it_is(rows: np.ndarray[tuple[int, int], np.dtype[np.float16]]) -> None:
    wide = HalfPrecision(rows.shape[1]).widened(rows)
    assert wide.dtype == np.float32
    np.testing.assert_array_equal(wide, rows.astype(np.float32))


def test_faiss_takes_one_thread_within_the_block_and_as_many_as_before_after_it() -> None:
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(3)
    try:
        with one_thread():
            assert faiss.omp_get_max_threads() == 1
        assert faiss.omp_get_max_threads() == 3
    finally:
        faiss.omp_set_num_threads(before)
