"""NumPy's own files, written row after row without holding them: for what may not fit into memory."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import DTypeLike, NDArray


class GrowingArray:
    """A file for `numpy.load` or `DiskArray` that grows at its end until it is closed."""

    def __init__(self, path: Path, dtype: DTypeLike, row_shape: tuple[int, ...] = ()) -> None:
        """Begin a new file.

        Args:
            path: There is no file yet.
            dtype: Of the elements.
            row_shape: The shape of one row; () for an array of one dimension.
        """
        self._dtype = np.dtype(dtype)
        self._row_shape = row_shape
        self.count = 0
        """How many rows there are so far."""
        self._file: IO[bytes] = path.open("xb")
        self._write_header()
        self._body = self._file.tell()

    def append(self, rows: NDArray[np.generic]) -> None:
        """Add rows, (n, *row_shape) of any dtype that the file's can hold."""
        self._file.write(np.ascontiguousarray(rows, self._dtype).data)
        self.count += len(rows)

    def close(self) -> None:
        """Write how many rows there are, and close the file; closing again does nothing.

        Raises:
            OSError: The disk is full or fails; the file is closed all the same.
        """
        if self._file.closed:
            return
        with self._file:
            # NumPy leaves room in the header for the first dimension to grow.
            self._file.seek(0)
            self._write_header()
            assert self._file.tell() == self._body

    def _write_header(self) -> None:
        npy.write_array_header_1_0(
            self._file,
            {
                "descr": npy.dtype_to_descr(self._dtype),
                "fortran_order": False,
                "shape": (self.count, *self._row_shape),
            },
        )


def write_array(path: Path, array: NDArray[np.generic]) -> None:
    """Write an array to a new file, the same as `numpy.save` does.

    NumPy hands the numbers to the system's own library, and then does not say why the disk refused
    them, or that it did.

    Raises:
        OSError: The disk is full or fails.
    """
    with closing(GrowingArray(path, array.dtype, array.shape[1:])) as grown:
        grown.append(array)
