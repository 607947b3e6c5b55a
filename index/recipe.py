"""By what code articles are read, cut and analysed: only the very same may take over what it made."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

_LIBRARIES: Final = ("charset-normalizer", "icu4py", "py3langid", "pyyaml", "sentencex", "tantivy")
"""What reading, cutting and analysing leave to others."""


@cache
def recipe() -> str:
    """Return a hash, in hexadecimal, of this package's code and of the versions of its libraries.

    Any change of the package makes another one: too often costs reading the articles again and no
    encoding, too seldom would leave passages of an older program among those of a newer one.
    """
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py*")):
        if path.is_file():
            digest.update(f"{path.name}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    for library in _LIBRARIES:
        digest.update(f"{library} {_version(library)}\0".encode())
    return digest.hexdigest()


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "unknown"
