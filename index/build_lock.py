"""The lock of an index folder: held by whoever builds, switches or rolls back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from index.disk import explaining
from index.errors import BuildRunningError


@contextmanager
def build_lock(folder: Path, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the lock of an index folder, which is made where there is none, during the block.

    Args:
        folder: The index folder.
        wait_seconds: How long another process may go on holding it.

    Raises:
        BuildRunningError: Another process holds it.
        GenerationError: The folder cannot be made or written to.
    """
    # What only reads holds no lock, and need not wait for what the library brings along.
    from filelock import FileLock, Timeout

    lock = FileLock(folder / "build.lock")
    with explaining(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=wait_seconds)
        except Timeout as error:
            raise BuildRunningError(
                f"Another process is building in {folder}; wait until it ends, then try again."
            ) from error
    try:
        yield
    finally:
        lock.release()
