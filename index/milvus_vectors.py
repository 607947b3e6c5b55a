"""Vectors and words of one generation in collections of Milvus.

Milvus searches; what is found is weighed here, from the vectors themselves, by the same operations as
those of vectors in files, so that both give the same numbers to the last bit.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index.milvus import Milvus
from index.term_hashes import hashed_terms
from index.term_store import TermStore
from index.vectors import Neighbours

EXACT_UP_TO: Final = 1_000_000
"""Vectors that are searched exhaustively; more of them through a graph."""

VECTORS_KEPT: Final = 20_000
"""Of each grain those read last, 30 MB at 384 dimensions: a question weighs what it has just found."""

_MOST_TERMS: Final = 400
"""Of one question that are searched, as many as in files."""

_FIELD_SIZE: Final = 2**31 - 1
"""Stems have the numbers below, grams those from it on; the largest is what Milvus allows."""

_NO_TERMS: Final = 2 * _FIELD_SIZE
"""The number that stands for a passage without terms, which no question has: each row must have one."""

_GRAPH: Final = {"M": 32, "efConstruction": 200}
_LEAST_BREADTH: Final = 256
"""How many the search through a graph follows: .990 of the nearest ten at a million (HNSW32)."""


class MilvusVectors:
    """Vectors of unit length in a collection, a row each. Safe to share between threads."""

    def __init__(
        self,
        milvus: Milvus,
        collection: str,
        count: int,
        dimensions: int,
        vectors_kept: int = VECTORS_KEPT,
    ) -> None:
        """Name a collection that `write_vectors` made, what it holds, and how much of it is kept here."""
        self._milvus = milvus
        self._collection = collection
        self._recent = _Recent(vectors_kept)
        self.count = count
        """How many vectors there are."""
        self.dimensions = dimensions
        """How long each is."""

    def search(self, vectors: NDArray[np.float32], k: int) -> Neighbours:
        """Return the `k` nearest of each vector, all there are where there are fewer, none for k < 1.

        Args:
            vectors: (q, d) float32, rows of unit length.
            k: How many, at most 16,384.

        Raises:
            VectorStoreError: Milvus does not answer in time.
        """
        k = max(0, min(k, self.count))
        rows = np.empty((len(vectors), k), np.int64)
        cosines = np.empty((len(vectors), k), np.float32)
        if k and len(vectors):
            parameters = {} if self.count <= EXACT_UP_TO else {"ef": max(_LEAST_BREADTH, 2 * k)}
            for line, hits in enumerate(self._milvus.nearest(self._collection, vectors, k, parameters)):
                products = hits.vectors @ vectors[line]
                order = np.lexsort((hits.rows, -products))
                rows[line], cosines[line] = hits.rows[order], products[order]
                self._recent.keep(hits.rows.tolist(), hits.vectors)
        return Neighbours(rows, cosines)

    def begin_search(self, vectors: NDArray[np.float32], k: int) -> Callable[[], Neighbours]:
        """Return what searches: whoever ends it is the one who waits for Milvus."""
        return partial(self.search, vectors, k)

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the vectors of these rows, (m, d) float32, in the order asked, bit by bit as written.

        Raises:
            IndexError: There is no such row.
            VectorStoreError: Milvus does not answer in time.
        """
        for row in (rows.min(), rows.max()) if len(rows) else ():
            if not 0 <= row < self.count:
                raise IndexError(f"There is no row {row}; expected rows from 0 to below {self.count}.")
        wanted = list(dict.fromkeys(rows.tolist()))
        known = self._recent.those_of(wanted)
        missing = [row for row in wanted if row not in known]
        if missing:
            read = self._milvus.vectors(self._collection, missing)
            self._recent.keep(list(read), list(read.values()))
            known |= read
        found = np.empty((len(rows), self.dimensions), np.float32)
        for place, row in enumerate(rows.tolist()):
            found[place] = known[row]
        return found

    def cosines(self, vector: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the inner products of one vector, (d,) float32, with these rows, (m,) float32.

        Raises:
            VectorStoreError: Milvus does not answer in time.
        """
        products: NDArray[np.float32] = self.vectors(rows) @ vector
        return products


class MilvusWords:
    """The passages of one generation, found by their terms. Safe to share between threads."""

    def __init__(self, milvus: Milvus, collection: str, passage_count: int) -> None:
        """Name a collection that `write_words` made, and how many passages it holds."""
        self._milvus = milvus
        self._collection = collection
        self.passage_count = passage_count
        """How many passages there are."""

    def search(self, stems: Sequence[str], grams: Sequence[str], limit: int) -> NDArray[np.int64]:
        """Return the rows of the passages with the highest BM25 of stems and grams together.

        Passages that share no term are not among them. Best first, (at most `limit`,) int64.

        Raises:
            VectorStoreError: Milvus does not answer in time.
        """
        numbers = [
            number
            for field, terms in enumerate((stems, grams))
            for number in _numbers(hashed_terms(list(dict.fromkeys(terms))[:_MOST_TERMS]), field)
        ]
        limit = min(limit, self.passage_count)
        if not numbers or limit < 1:
            return np.empty(0, np.int64)
        return self._milvus.with_terms(self._collection, numbers, limit)


def write_vectors(
    milvus: Milvus, collection: str, batches: Iterator[NDArray[np.float32]], count: int, dimensions: int
) -> None:
    """Write vectors, rows of unit length, a row each from 0, to a new collection, and make them findable.

    Args:
        milvus: Where.
        collection: Its name.
        batches: All vectors in their order, (m, d) float32 each.
        count: How many there are in all.
        dimensions: How long each is.

    Raises:
        VectorStoreError: Milvus cannot keep them.
    """
    milvus.create(collection, dimensions)
    milvus.insert(collection, enumerate(vector for batch in batches for vector in batch))
    if count <= EXACT_UP_TO:
        milvus.finish(collection, "FLAT", {})
    else:
        milvus.finish(collection, "HNSW", _GRAPH)


def write_words(milvus: Milvus, collection: str, terms: TermStore) -> None:
    """Write the weights of every passage's terms to a new collection, and make them findable.

    The weights are those whose sum is BM25, so that a search by inner product is a search by BM25; a
    generation never changes, so they hold for good.

    Raises:
        VectorStoreError: Milvus cannot keep them.
    """
    milvus.create(collection, None)
    milvus.insert(collection, ((row, _weights(terms, row)) for row in range(terms.passage_count)))
    milvus.finish(collection, "SPARSE_INVERTED_INDEX", {})


def _weights(terms: TermStore, row: int) -> Mapping[int, float]:
    weights: dict[int, float] = {}
    for field, weighted in enumerate(terms.weighted_terms(row)):
        weights |= zip(_numbers(weighted.hashes, field), weighted.weights.tolist(), strict=True)
    return weights or {_NO_TERMS: 1.0}


def _numbers(hashes: NDArray[np.uint32], field: int) -> list[int]:
    """Return the numbers by which Milvus knows the stems (field 0) or grams (1) of these hashes."""
    numbers: list[int] = (hashes.astype(np.int64) % _FIELD_SIZE + field * _FIELD_SIZE).tolist()
    return numbers


class _Recent:
    """The vectors read last, at most so many. Safe to share between threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._vectors: OrderedDict[int, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, rows: Sequence[int], vectors: NDArray[np.float32] | Sequence[NDArray[np.float32]]) -> None:
        with self._lock:
            for row, vector in zip(rows[: self._most], vectors, strict=False):
                self._vectors[row] = vector
                self._vectors.move_to_end(row)
            while len(self._vectors) > self._most:
                self._vectors.popitem(last=False)

    def those_of(self, rows: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        """Return the vectors of those of the rows that are kept."""
        with self._lock:
            known = {row: self._vectors[row] for row in rows if row in self._vectors}
            for row in known:
                self._vectors.move_to_end(row)
            return known
