"""Bytes that stay on the disk, and plain words where the system refuses."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from index.errors import GenerationError

_DISK_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
"""The numbers of the errors that mean that no space is left."""

WITHOUT_ROOM: Final = _DISK_FULL | {errno.EFBIG}
"""The same, and that a file would grow longer than it may: nothing but writing meets with these."""


def flush_tree(folder: Path) -> None:
    """Return once everything in the folder, and the folder itself, is on the disk."""
    for path in folder.rglob("*"):
        flush(path)
    flush(folder)


def flush(path: Path) -> None:
    """Return once the file's bytes, or the folder's names, are on the disk."""
    if path.is_dir():
        if os.name != "posix":
            return  # Only POSIX systems open folders.
        descriptor = os.open(path, os.O_RDONLY)
    else:
        descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def explaining(path: Path) -> Iterator[None]:
    """Turn what the system refuses in this block, about the index folder `path`, into GenerationError."""
    try:
        yield
    except OSError as error:
        raise explained(error, path) from error


def explained(error: OSError, path: Path) -> GenerationError:
    """Return what the system said about the index folder `path`, with the remedy."""
    if error.errno in _DISK_FULL:
        remedy = "free space on the disk, then run `footnote build`"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        remedy = "give this account the right to read and write there, or name another index folder"
    elif error.errno in (errno.ENOTDIR, errno.EEXIST):
        remedy = "expected a folder; name another index folder"
    else:
        remedy = "check the disk, or name another index folder"
    return GenerationError(f"The index folder {path} cannot be used ({error}); {remedy}.")
