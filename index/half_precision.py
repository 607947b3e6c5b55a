"""Numbers of sixteen bits made numbers of 32, and FAISS kept to the thread that calls it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import faiss
import numpy as np
from numpy.typing import NDArray


class HalfPrecision:
    """Vectors of float16, of one length. Safe to share between threads."""

    def __init__(self, dimensions: int) -> None:
        """Take how long each vector is."""
        self._quantizer = faiss.ScalarQuantizer(dimensions, faiss.ScalarQuantizer.QT_fp16)

    def widened(self, rows: NDArray[np.float16]) -> NDArray[np.float32]:
        """Return vectors, (n, d) float16 in order of rows, as float32, which has all of their numbers.

        FAISS takes two thirds of NumPy's time for that: of 350 vectors of 384 dimensions .28 ms.
        """
        with one_thread():
            wide: NDArray[np.float32] = self._quantizer.decode(rows.view(np.uint8))
        return wide


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep FAISS to the calling thread.

    One question is work for one: a second thread spins for 10 ms or more before it sleeps, on a core that an
    encoder, a cross-encoder or another question wants (`tests/benchmarks/exact_search.py`). While all cores
    were busy, 6,000 vectors were searched in .9 ms so and in 7.6 with it.
    """
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
