"""Vectors searched one by one, in numbers of sixteen bits: the layout of small collections.

Searching all of them is bound by how fast they come from memory, so half of the bytes take half of the time
(`tests/benchmarks/exact_search.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import faiss
import numpy as np
from numpy.typing import NDArray

from index.encoding import sixteen_bits
from index.errors import DamagedGenerationError
from index.faiss_files import write_index
from index.faiss_threads import one_thread
from index.half_precision import HalfPrecision

_BLOCK = 65_536
"""Vectors given to FAISS at a time."""


class ExactVectors:
    """All vectors in memory, as float16. Safe to share between threads."""

    def __init__(self, index: Any) -> None:
        """Take over a FAISS index of what `write_exact` wrote; `open` is the way in."""
        self._index = index
        self.count: int = index.ntotal
        """How many vectors there are."""
        self.dimensions: int = index.d
        self._half_precision = HalfPrecision(self.dimensions)
        # A view of the index's own memory, which `_index` keeps alive.
        self._rows: NDArray[np.float16] = (
            faiss.rev_swig_ptr(index.codes.data(), self.count * index.code_size)
            .view(np.float16)
            .reshape(-1, self.dimensions)
            if self.count
            else np.empty((0, self.dimensions), np.float16)
        )

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open what `write_exact` wrote.

        Raises:
            DamagedGenerationError: The file is missing or is not such an index.
        """
        try:
            index = faiss.read_index(str(path))
        except RuntimeError as error:
            raise DamagedGenerationError(
                f"The vectors of {path} cannot be read; run `footnote rollback` or `footnote build`."
            ) from error
        if not (
            isinstance(index, faiss.IndexScalarQuantizer)
            and index.sq.qtype == faiss.ScalarQuantizer.QT_fp16
            and index.metric_type == faiss.METRIC_INNER_PRODUCT
        ):
            raise DamagedGenerationError(
                f"The vectors of {path} are in a {type(index).__name__}; expected one of float16 and inner "
                "products; run `footnote rollback` or `footnote build`."
            )
        return cls(index)

    def search(self, vectors: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return rows and cosines of the `k` nearest of each vector, (q, k) each, 1 <= k <= count.

        On the calling thread. Fewer than `k` columns where cosines are no numbers.
        """
        with one_thread():
            cosines, rows = self._index.search(vectors, k)
        # FAISS stands in -1, at the end of a line, for what it did not find.
        width = int((rows >= 0).sum(axis=1).min(initial=k))
        return rows[:, :width], cosines[:, :width]

    def begin_search(
        self, vectors: NDArray[np.float32], k: int
    ) -> Callable[[], tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Search at once, and return what returns what `search` does."""
        found = self.search(vectors, k)
        return lambda: found

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the vectors of these rows, (m, d) float32; rows are from 0 on."""
        return self._half_precision.widened(self._rows[rows])


def write_exact(path: Path, vectors: NDArray[np.float32]) -> None:
    """Write (n, d) float32, rows of unit length, to a new file, each number rounded to float16.

    Raises:
        OSError: The disk is full or fails.
    """
    index = faiss.IndexScalarQuantizer(
        vectors.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )
    for block in _blocks(vectors):
        # NumPy rounds for all stores; FAISS has its own way with what lies halfway between two numbers.
        index.add(sixteen_bits(block))
    write_index(path, index)


def flat_index(vectors: NDArray[np.float32]) -> Any:
    """Return FAISS's own exhaustive index of (n, d) float32, searched by inner product."""
    index = faiss.IndexFlatIP(vectors.shape[1])
    for block in _blocks(vectors):
        index.add(block)
    return index


def _blocks(vectors: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    for start in range(0, len(vectors), _BLOCK):
        yield np.ascontiguousarray(vectors[start : start + _BLOCK])
