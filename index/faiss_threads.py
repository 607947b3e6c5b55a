"""FAISS kept to the thread that calls it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import faiss


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep FAISS to the calling thread; other threads are not concerned, for each has a number of its own.

    An exhaustive search is divided by questions, so one question has no use for a second thread, and what
    else is asked for here takes less than a millisecond. A second one is woken up all the same, and spins
    for 10 ms or more before it sleeps, on a core that an encoder, a cross-encoder or another question wants
    (`tests/benchmarks/exact_search.py`): while all cores were busy, 6,000 vectors were searched in .9 ms
    so and in 7.6 with it.
    """
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
