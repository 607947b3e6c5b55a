"""The vectors of a generation in the making: a file of rows, written one after another and read again.

Their numbers are rounded to float16 here, before any store or layout gets them, so all of them have the same.
Memory that is mapped would do as well, but is counted as the process's own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from index.encoding import sixteen_bits

_ROW_TYPE = np.dtype(np.float32)


class VectorRows:
    """Rows of float32 in a file that nobody else reads; a context manager that deletes it at the end."""

    def __init__(self, path: Path, dimensions: int) -> None:
        """Begin a new file; there is none at `path` yet."""
        self._path = path
        self._dimensions = dimensions
        self._file = path.open("x+b")
        self.count = 0
        """How many rows there are."""

    def append(self, rows: NDArray[np.float32]) -> None:
        """Add rows, (n, d) float32, each number rounded to float16."""
        self._file.seek(self.count * self._row_bytes)
        self._file.write(sixteen_bits(rows).data)
        self.count += len(rows)

    def row(self, number: int) -> NDArray[np.float32]:
        """Return one row, (d,) float32.

        Raises:
            IndexError: There is no such row.
        """
        if not 0 <= number < self.count:
            raise IndexError(f"There is no row {number}; expected one from 0 to below {self.count}.")
        self._file.seek(number * self._row_bytes)
        return np.frombuffer(self._file.read(self._row_bytes), _ROW_TYPE)

    def all(self) -> NDArray[np.float32]:
        """Return all rows, (n, d) float32, mapped from the file and not to be used after the block."""
        self._file.flush()
        if not self.count:
            return np.empty((0, self._dimensions), np.float32)
        return np.memmap(self._path, _ROW_TYPE, mode="r", shape=(self.count, self._dimensions))

    def __enter__(self) -> Self:
        """Return these rows, to be deleted at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Delete the file."""
        self._file.close()
        self._path.unlink(missing_ok=True)

    @property
    def _row_bytes(self) -> int:
        return self._dimensions * _ROW_TYPE.itemsize
