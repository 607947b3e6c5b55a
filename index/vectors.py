"""Nearest neighbours by inner product, in the layout that suits their number.

Rows are of unit length, so inner products are cosines. Up to `EXACT_UP_TO` vectors are searched one
by one. More are searched through codes, where that finds what an exact search finds: recall is
measured when they are written. Where it is too low more of the codes are looked at, and where all
are not enough, vectors are laid out exactly all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from index.compressed_vectors import BLOCK, CompressedVectors, rows_path, write_compressed
from index.encoding import unit_rows
from index.exact_vectors import ExactVectors, flat_index, write_exact
from index.manifest import VectorLayout

__all__ = [
    "EXACT_UP_TO",
    "LEAST_RECALL",
    "Neighbours",
    "VectorIndex",
    "VectorLayout",
    "flat_index",
    "notice_of",
]

EXACT_UP_TO: Final = 50_000
"""Vectors that are searched one by one: that takes 5 ms at this number."""

LEAST_RECALL: Final = 0.97
"""Recall@10 from which on codes are good enough."""

_NEIGHBOURS: Final = 10
_QUESTIONS: Final = 200
"""How many stand-ins are asked when recall is measured."""
_BETWEEN: Final = 4
"""How many vectors each of them lies between. Among 60,000 generated sentences recall@10 of real questions
was .983, of what lies between two .998, four .981 and six .966; among 300,000 .995, and 1, .996 and .989."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What a search found: a row each question, nearest first."""

    rows: NDArray[np.int64]
    """(q, k): rows of the index, each once in its line."""
    cosines: NDArray[np.float32]
    """(q, k): the inner products, descending."""


class VectorIndex:
    """Vectors on disk, in either layout. Safe to share between threads."""

    def __init__(self, layout: ExactVectors | CompressedVectors) -> None:
        """Take over an open layout; `VectorIndex.open` is the way in."""
        self._layout = layout
        self.count: int = layout.count
        """How many vectors there are."""
        self.dimensions: int = layout.dimensions
        """Of each vector."""

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open what `write` wrote.

        Raises:
            DamagedGenerationError: A file is missing or is not such an index.
        """
        is_compressed = rows_path(path).exists()
        return cls(CompressedVectors.open(path) if is_compressed else ExactVectors.open(path))

    @staticmethod
    def write(path: Path, vectors: NDArray[np.float32], *, exact_up_to: int = EXACT_UP_TO) -> VectorLayout:
        """Write vectors to a new file, and another one beside it where they are many.

        Args:
            path: Of the file.
            vectors: (n, d) float32, rows of unit length; mapped into memory where they are many.
            exact_up_to: How many are searched one by one.

        Returns:
            The layout taken, and what recall decided it.
        """
        if len(vectors) <= exact_up_to:
            write_exact(path, vectors)
            return VectorLayout("exact", None)
        write_compressed(path, vectors)
        compressed = CompressedVectors.open(path)
        index, asked = VectorIndex(compressed), _Asked.of(vectors)
        recall = asked.recall(index, vectors)
        is_wider = False
        while recall < LEAST_RECALL and compressed.widen():
            is_wider = True
            recall = asked.recall(index, vectors)
        if recall >= LEAST_RECALL:
            if is_wider:
                compressed.rewrite(path)
            return VectorLayout("compressed", recall)
        rows_path(path).unlink()
        path.unlink()
        write_exact(path, vectors)
        return VectorLayout("exact", recall)

    def search(self, vectors: NDArray[np.float32], k: int) -> Neighbours:
        """Return the `k` nearest of each vector, all there are where there are fewer, none for k < 1.

        In the compressed layout they are those of the vectors that were looked at.

        Args:
            vectors: (q, d) float32, rows of unit length.
            k: How many.
        """
        return self.begin_search(vectors, k)()

    def begin_search(self, vectors: NDArray[np.float32], k: int) -> Callable[[], Neighbours]:
        """Do what is done in memory, and return what does the rest and returns what `search` does.

        Args:
            vectors: As for `search`.
            k: The same.
        """
        k = max(0, min(k, self.count))
        if not k:
            # FAISS would stand in -1 for every neighbour that is not there.
            none = Neighbours(np.empty((len(vectors), 0), np.int64), np.empty((len(vectors), 0), np.float32))
            return lambda: none
        begun = self._layout.begin_search(vectors, k)
        return lambda: Neighbours(*begun())

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the vectors of these rows, (m, d) float32, in the order asked.

        Each number is rounded to float16, in either layout.

        Raises:
            IndexError: There is no such row.
        """
        if len(rows) and rows.min() < 0:
            raise IndexError(f"There is no row {rows.min()}; expected rows from 0 to below {self.count}.")
        return self._layout.vectors(rows)

    def cosines(self, vector: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the inner products of one vector, (d,) float32, with these rows, (m,) float32."""
        products: NDArray[np.float32] = self.vectors(rows) @ vector
        return products


def notice_of(layout: VectorLayout) -> str | None:
    """Return what is to be said about how vectors were laid out, to follow their name; None for nothing."""
    if layout.name == "compressed" or layout.recall_at_10 is None:
        return None
    return (
        f"are searched one by one, which is slow and keeps them all in memory: compressed, a search found "
        f"{layout.recall_at_10:.3f} of the ten nearest, expected {LEAST_RECALL} or more; an encoder whose "
        "vectors lie less close together would help"
    )


def measured_recall(index: VectorIndex, vectors: NDArray[np.float32]) -> float:
    """Return recall@10: the mean share of the ten nearest vectors that a search finds.

    `stand_ins` are asked. A neighbour counts as found where one as near was found, since copies of a text
    have one vector.

    Args:
        index: What is searched.
        vectors: (n, d) float32, what was written into it, n at least 1.
    """
    return _Asked.of(vectors).recall(index, vectors)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Stand-ins for questions, and what an exact search finds for them."""

    questions: NDArray[np.float32]
    """(q, d)."""
    least: NDArray[np.float32]
    """(q,): the cosine of the last of the nearest."""
    k: int
    """How many are the nearest."""

    @classmethod
    def of(cls, vectors: NDArray[np.float32]) -> Self:
        questions = stand_ins(vectors)
        k = min(_NEIGHBOURS, len(vectors))
        nearest = np.full((len(questions), k), -np.inf, np.float32)
        for start in range(0, len(vectors), BLOCK):
            cosines = questions @ vectors[start : start + BLOCK].T
            best = np.partition(cosines, -min(k, cosines.shape[1]), axis=1)[:, -k:]
            nearest = np.sort(np.concatenate([nearest, best], axis=1), axis=1)[:, -k:]
        return cls(questions, nearest[:, 0], k)

    def recall(self, index: VectorIndex, vectors: NDArray[np.float32]) -> float:
        shares = [
            # Another order of adding up may change the last digits.
            np.count_nonzero(vectors[rows] @ question >= least - 1e-5) / self.k
            for question, rows, least in zip(
                self.questions, index.search(self.questions, self.k).rows, self.least, strict=True
            )
        ]
        return float(np.mean(shares))


def stand_ins(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what stands for questions, (200, d) float32, rows of unit length.

    Each is the middle of `_BETWEEN` of the vectors, taken at even distances: its nearest are found about as
    often as a question's, and less often than those of the vectors themselves.

    Args:
        vectors: (n, d) float32, n at least 1.
    """
    places = np.linspace(0, len(vectors) - 1, _QUESTIONS).astype(np.int64)
    sample = np.ascontiguousarray(vectors[places])
    return unit_rows(np.sum([np.roll(sample, place, axis=0) for place in range(_BETWEEN)], axis=0))
