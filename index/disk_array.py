"""A NumPy file of which parts are read as they are asked for, and which never counts as memory.

A memory map counts every page that was ever touched, and the system maps the pages around each, so a
process that answers questions at random would grow to the size of the file. Reads by position leave
the keeping of pages to the system, which takes them back where memory is short. 800 of 5,000,000 rows of
768 bytes, at random and in the system's cache, took 2.6 ms so and 3.9 ms through a map, which counted
2.2 GB after sixty such searches.
"""

from __future__ import annotations

import os
import threading
import weakref
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from index.errors import DamagedGenerationError

_CAN_READ_BY_POSITION: Final = hasattr(os, "preadv")
"""Windows cannot, so threads take turns there."""


class DiskArray:
    """Rows of an array in a `.npy` file. Safe to share between threads."""

    def __init__(self, path: Path) -> None:
        """Open a file that `numpy.save` or `GrowingArray` wrote; takes the same time at any size.

        Raises:
            OSError: The file cannot be read.
            ValueError: It is not such a file, or is cut off.
        """
        with path.open("rb") as file:
            version = np.lib.format.read_magic(file)
            if version != (1, 0):
                raise ValueError(f"{path} is a NumPy file of version {version}; expected (1, 0)")
            shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(file)
            self._begin = file.tell()
            size = os.fstat(file.fileno()).st_size
        self.shape: tuple[int, ...] = shape
        self.dtype: np.dtype[Any] = dtype
        self._row_bytes = dtype.itemsize * int(np.prod(shape[1:], dtype=np.int64))
        if is_fortran or dtype.hasobject or not shape or size != self._begin + shape[0] * self._row_bytes:
            raise ValueError(f"{path} has {size} bytes; expected rows for the shape {shape} of {dtype}")
        self._path = path
        self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        self._lock = threading.Lock()
        weakref.finalize(self, os.close, self._descriptor)

    def __len__(self) -> int:
        """Return how many rows there are."""
        return self.shape[0]

    def __getitem__(self, rows: NDArray[np.int64] | slice) -> NDArray[Any]:
        """Return these rows in the order asked, one read for each run of rows that follow one another.

        Raises:
            DamagedGenerationError: The file was cut off since it was opened.
            IndexError: There is no such row.
        """
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step != 1:
                raise IndexError(f"The step is {step}; expected 1.")
            firsts, counts = [start], [max(0, stop - start)]
        else:
            if len(rows) and not (rows.min() >= 0 and rows.max() < len(self)):
                raise IndexError(f"Rows from {rows.min()} to {rows.max()}; expected 0 to below {len(self)}.")
            begins = np.flatnonzero(np.diff(rows, prepend=-2) != 1)
            firsts = rows[begins].tolist()
            counts = np.diff(begins, append=len(rows)).tolist()
        found = np.empty((sum(counts), *self.shape[1:]), self.dtype)
        target = found.reshape(-1).view(np.uint8).data
        filled = 0
        for first, count in zip(firsts, counts, strict=True):
            size = count * self._row_bytes
            place, position = target[filled : filled + size], self._begin + first * self._row_bytes
            # Hundreds of rows a question: the usual case is worth a line of its own.
            if not _CAN_READ_BY_POSITION or os.preadv(self._descriptor, (place,), position) != size:
                self._read(place, position)
            filled += size
        return found

    def _read(self, target: memoryview, position: int) -> None:
        while target:
            with self._lock:
                os.lseek(self._descriptor, position, os.SEEK_SET)
                data = os.read(self._descriptor, len(target))
            if not data:
                raise DamagedGenerationError(
                    f"{self._path} ends before byte {position}; run `footnote rollback` or `footnote build`."
                )
            target[: len(data)] = data
            target, position = target[len(data) :], position + len(data)
