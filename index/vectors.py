"""Exact nearest neighbours by inner product. The only importer of faiss.

Rows are of unit length, so inner products are cosines.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import faiss
import numpy as np
from numpy.typing import NDArray

from index.errors import DamagedGenerationError


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What a search found: a row each question, nearest first."""

    rows: NDArray[np.int64]
    """(q, k): rows of the index, each once in its line."""
    cosines: NDArray[np.float32]
    """(q, k): the inner products, descending."""


class VectorIndex:
    """Vectors on disk, searched exhaustively. Safe to share between threads."""

    def __init__(self, index: Any) -> None:
        """Take over a flat FAISS index; `VectorIndex.open` is the way in."""
        self._index = index
        self.count: int = index.ntotal
        """How many vectors there are."""
        self.dimensions: int = index.d
        # A view of the index's own memory, which `_index` keeps alive.
        self._rows: NDArray[np.float32] = (
            faiss.rev_swig_ptr(index.get_xb(), self.count * self.dimensions).reshape(-1, self.dimensions)
            if self.count
            else np.empty((0, self.dimensions), np.float32)
        )

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open what `write` wrote.

        Raises:
            DamagedGenerationError: The file is missing or is not such an index.
        """
        try:
            index = faiss.read_index(str(path))
        except RuntimeError as error:
            raise DamagedGenerationError(
                f"The vectors of {path} cannot be read; run `footnote rollback` or `footnote build`."
            ) from error
        if not isinstance(index, faiss.IndexFlat) or index.metric_type != faiss.METRIC_INNER_PRODUCT:
            raise DamagedGenerationError(
                f"The vectors of {path} are in a {type(index).__name__}; expected a flat index of inner "
                "products; run `footnote rollback` or `footnote build`."
            )
        return cls(index)

    @staticmethod
    def write(path: Path, vectors: NDArray[np.float32]) -> None:
        """Write (n, d) float32, rows of unit length, to a new file."""
        faiss.write_index(flat_index(vectors), str(path))

    def search(self, vectors: NDArray[np.float32], k: int) -> Neighbours:
        """Return the `k` nearest of each vector, all there are where there are fewer, none for k < 1.

        Args:
            vectors: (q, d) float32, rows of unit length.
            k: How many.
        """
        k = max(0, min(k, self.count))
        if not k:
            # FAISS would stand in -1 for every neighbour that is not there.
            return Neighbours(np.empty((len(vectors), 0), np.int64), np.empty((len(vectors), 0), np.float32))
        cosines, rows = self._index.search(vectors, k)
        return Neighbours(rows, cosines)

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the vectors of these rows, (m, d) float32, in the order asked.

        Raises:
            IndexError: There is no such row.
        """
        if len(rows) and rows.min() < 0:
            raise IndexError(f"There is no row {rows.min()}; expected rows from 0 to below {self.count}.")
        return self._rows[rows]

    def cosines(self, vector: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the inner products of one vector, (d,) float32, with these rows, (m,) float32."""
        products: NDArray[np.float32] = self.vectors(rows) @ vector
        return products


def flat_index(vectors: NDArray[np.float32]) -> Any:
    """Return FAISS's own exhaustive index of (n, d) float32, searched by inner product."""
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors))
    return index
