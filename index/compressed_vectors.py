"""Vectors as short codes in lists, the nearest of which are scored again exactly: for large collections.

Each vector is kept twice: as a code of half a byte for every four dimensions (product quantisation;
Jégou, Douze and Schmid, 2011; read sixteen to a register as in André, Kermarrec and Le Scouarnec,
2017) in one of many lists of vectors that lie together, in memory; and as float16 on the disk, from
where only those are read whose codes came near, and of those only what can be among the best by what
the first ones teach of the codes' errors. At 5,000,000 vectors with the distribution of the default
encoder's, signs of x - mean, as many bytes long, held .86 of the exact ten among their first 400 and .91
among 800. What these codes find is said at `_DEVIATIONS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

import faiss
import numpy as np
from numpy.typing import NDArray

from index.disk_array import DiskArray
from index.errors import DamagedGenerationError
from index.faiss_files import write_index
from index.growing_arrays import GrowingArray
from index.half_precision import HalfPrecision

ROWS_SUFFIX: Final = ".rows.npy"
"""What the name of the file of float16 vectors ends with."""

BLOCK: Final = 65_536
"""Vectors handled at a time while writing; bounds what memory that takes."""

_LOOKED_AT: Final = 2000
"""Least number of vectors whose codes come near enough for another look."""
_LOOKED_AT_A_NEIGHBOUR: Final = 50
"""The same for each neighbour asked for, where that is more."""
_READ_FIRST: Final = 200
"""Least number of vectors that are read, from the nearest on."""
_READ_FIRST_A_NEIGHBOUR: Final = 5
"""The same for each neighbour asked for."""
_DEVIATIONS: Final = 3
"""Standard deviations of the error by which an estimate may be too low. Among 1,000,000 mixtures of
xquad-en's passages, with 68 neighbours asked for, 2.5 found .977 of the ten nearest of 150 real questions in
11 ms, 3 .993 in 15 and 4 .995 in 19. Of a collection's ten times as large 3 read half of what 4 did."""
_AMONG: Final = 40
"""A vector is read where it may be among so many best, even where fewer are asked for."""
_SHARE_OF_LISTS: Final = 1 / 16
"""How many of the lists are looked into at least. Of 4,850,000 vectors half as many cost .002 to .006 of
recall@10, and twice as many gained .001."""
_CODES_LOOKED_AT: Final = 250_000
"""As many lists are looked into as hold so many codes, which are read in 2.5 ms. A sixteenth of 100,000 to
480,000 vectors lost .03 of the ten nearest, and of some collections .18."""
_TRAINING_ROWS: Final = 40
"""Vectors a list from which the lists are learnt; FAISS warns below 39 and takes 256 at most."""
_TRAINING_ROUNDS: Final = 8


class CompressedVectors:
    """Codes in memory, vectors on the disk. Safe to share between threads."""

    def __init__(self, index: Any, rows: DiskArray) -> None:
        """Take over the lists of codes and the vectors; `open` is the way in."""
        self._index = index
        self._rows = rows
        self.count: int = index.ntotal
        """How many vectors there are."""
        self.dimensions: int = index.d
        """Of each vector."""
        self._half_precision = HalfPrecision(self.dimensions)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open what `write_compressed` wrote.

        Raises:
            DamagedGenerationError: A file is missing or is not what that writes.
        """
        remedy = "run `footnote rollback` or `footnote build`."
        try:
            index = faiss.read_index(str(path))
            rows = DiskArray(rows_path(path))
        except (RuntimeError, OSError, ValueError) as error:
            raise DamagedGenerationError(f"The vectors of {path} cannot be read; {remedy}") from error
        if not isinstance(index, faiss.IndexIVFPQFastScan) or rows.shape != (index.ntotal, index.d):
            raise DamagedGenerationError(
                f"The vectors of {path} are {index.ntotal} codes in a {type(index).__name__} beside rows of "
                f"the shape {rows.shape}; expected as many rows as codes in lists; {remedy}"
            )
        return cls(index, rows)

    def search(self, vectors: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return rows and cosines of about the `k` nearest of each vector, (q, k) each, 1 <= k <= count.

        Fewer than `k` columns where the lists that were looked into hold no more.
        """
        return self.begin_search(vectors, k)()

    def begin_search(
        self, vectors: NDArray[np.float32], k: int
    ) -> Callable[[], tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Look through the codes, and return what reads vectors from the disk and returns what `search` does.

        Other threads of Python are free to work meanwhile.
        """
        wanted = min(self.count, max(_LOOKED_AT, _LOOKED_AT_A_NEIGHBOUR * k))
        # One question is one thread's work to FAISS here; none is woken up beside.
        estimates, near = self._index.search(vectors, wanted)
        return partial(self._found, vectors, estimates, near, k)

    def _found(
        self,
        vectors: NDArray[np.float32],
        estimates: NDArray[np.float32],
        near: NDArray[np.int64],
        k: int,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        lines = [
            self._rescored(vector, rows[rows >= 0], estimated[rows >= 0], k)
            for vector, rows, estimated in zip(vectors, near, estimates, strict=True)
        ]
        width = min((len(rows) for rows, _ in lines), default=0)
        rows = np.array([rows[:width] for rows, _ in lines], np.int64).reshape(len(lines), width)
        cosines = np.array([found[:width] for _, found in lines], np.float32).reshape(len(lines), width)
        return rows, cosines

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the vectors of these rows, (m, d) float32; rows are from 0 on."""
        return self._half_precision.widened(self._rows[rows])

    def widen(self) -> bool:
        """Look into twice as many lists; return False where all are already. Not while another searches."""
        if self._index.nprobe >= self._index.nlist:
            return False
        self._index.nprobe = min(self._index.nlist, 2 * self._index.nprobe)
        return True

    def rewrite(self, path: Path) -> None:
        """Write the codes anew, with how many lists are looked into.

        Raises:
            OSError: The disk is full or fails.
        """
        write_index(path, self._index)

    def _rescored(
        self,
        vector: NDArray[np.float32],
        near: NDArray[np.int64],
        estimates: NDArray[np.float32],
        k: int,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the best of the rows, given in the order of their estimated cosines, by their exact ones.

        What codes get wrong is learnt from the first rows, and those that cannot be among the best by
        `_DEVIATIONS` are not read.
        """
        first = min(len(near), max(_READ_FIRST, _READ_FIRST_A_NEIGHBOUR * k))
        cosines = self.vectors(near[:first]) @ vector
        if first < len(near):
            errors, least = cosines - estimates[:first], max(k, _AMONG)
            most = estimates[first:] + max(0.0, errors.mean()) + _DEVIATIONS * errors.std()
            likely = near[first:][most >= np.partition(cosines, -least)[-least]]
            cosines = np.concatenate([cosines, self.vectors(likely) @ vector])
            near = np.concatenate([near[:first], likely])
        # Rows break ties, as they do in the exact layout.
        best = np.lexsort((near, -cosines))[:k]
        return near[best], cosines[best]


def write_compressed(path: Path, vectors: NDArray[np.float32]) -> None:
    """Write (n, d) float32, rows of unit length, to two new files, holding a block at a time.

    Args:
        path: Of the codes; the vectors go beside it.
        vectors: At least some thousand; in memory or mapped into it.

    Raises:
        OSError: The disk is full or fails.
    """
    count, dimensions = vectors.shape
    lists = 2 ** round(math.log2(math.sqrt(count)))
    index: Any = faiss.index_factory(
        dimensions, f"IVF{lists},PQ{_codes(dimensions)}x4fs", faiss.METRIC_INNER_PRODUCT
    )
    index.cp.niter = _TRAINING_ROUNDS
    index.nprobe = max(1, round(lists * min(1.0, max(_SHARE_OF_LISTS, _CODES_LOOKED_AT / count))))
    sample = np.linspace(0, count - 1, min(count, lists * _TRAINING_ROWS)).astype(np.int64)
    index.train(np.ascontiguousarray(vectors[sample]))
    with closing(GrowingArray(rows_path(path), np.float16, (dimensions,))) as writer:
        for start in range(0, count, BLOCK):
            block = np.ascontiguousarray(vectors[start : start + BLOCK])
            writer.append(block)
            index.add(block)
    write_index(path, index)


def rows_path(path: Path) -> Path:
    """Return where the vectors lie whose codes are at `path`."""
    return path.with_suffix(ROWS_SUFFIX)


def _codes(dimensions: int) -> int:
    """Return how many parts a vector is coded in: of four dimensions, or of as many as divide it."""
    return next(dimensions // each for each in (4, 3, 2, 5, 1) if dimensions % each == 0)
