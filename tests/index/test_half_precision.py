"""Vectors of sixteen bits become the same numbers in 32, on the thread that asks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from index.faiss_threads import one_thread
from index.half_precision import HalfPrecision


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


class Quantizer:
    """FAISS's, which notes how many threads it may take."""

    def __init__(self, quantizer: Any) -> None:
        self._quantizer = quantizer
        self.seen: list[int] = []

    def decode(self, codes: Any) -> Any:
        self.seen.append(faiss.omp_get_max_threads())
        return self._quantizer.decode(codes)


def test_the_calling_thread_does_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    half_precision = HalfPrecision(4)
    quantizer = Quantizer(half_precision._quantizer)
    monkeypatch.setattr(half_precision, "_quantizer", quantizer)
    assert half_precision.widened(np.ones((2, 4), np.float16)).tolist() == [[1.0] * 4] * 2
    assert quantizer.seen == [1]


def test_faiss_takes_one_thread_within_the_block_and_as_many_as_before_after_it() -> None:
    """In the thread of the block; others have a number of their own."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(3)
    try:
        with one_thread():
            assert faiss.omp_get_max_threads() == 1
            with ThreadPoolExecutor(1) as other:
                assert other.submit(faiss.omp_get_max_threads).result() == before
        assert faiss.omp_get_max_threads() == 3
    finally:
        faiss.omp_set_num_threads(before)
