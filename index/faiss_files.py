"""FAISS's indexes on their way to the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, cast

import faiss

_WRITER: Final = cast("Any", faiss).PyCallbackIOWriter
"""Hands blocks to a function of Python's; the library's own stubs leave it out."""


def write_index(path: Path, index: Any) -> None:
    """Write an index to a file for `faiss.read_index`, a new one or in the place of another.

    Raises:
        OSError: The disk is full or fails.
    """
    # FAISS's own writing loses the error's number, and keeps quiet where the disk refuses the last bytes
    # as the file is closed.
    with path.open("wb") as file:
        faiss.write_index(index, _WRITER(file.write))
