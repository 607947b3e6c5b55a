"""A disk on which there is no room left for a file to grow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

DEVICE: Final = "/dev/full"
"""A file that takes no byte, as on a disk without space."""

needs_limits = pytest.mark.skipif(os.name != "posix", reason="needs limits of POSIX")
needs_device = pytest.mark.skipif(not Path(DEVICE).exists(), reason=f"needs {DEVICE}")


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Have the system refuse in this block, by EFBIG, what would make a file longer than so many bytes."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
