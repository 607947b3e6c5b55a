"""By what code articles are read, cut and analysed: only the very same may take over what it made."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

_ENDING: Final = ".dist-info"
_SEPARATORS: Final = re.compile(r"[-_.]+")
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
    versions = installed_versions(sys.path)
    for library in _LIBRARIES:
        digest.update(f"{library} {versions.get(library) or _told_version(library)}\0".encode())
    return digest.hexdigest()


def installed_versions(folders: Iterable[str]) -> dict[str, str]:
    """Return the versions of what is installed in some folders, by normalised names.

    They are in the names of the `.dist-info` folders, as the packaging specification "Recording installed
    projects" has it; of two folders that have a name the first counts. `importlib.metadata` also knows what
    was installed otherwise; importing it takes 30 ms.
    """
    versions: dict[str, str] = {}
    for folder in folders:
        with suppress(OSError), os.scandir(folder or ".") as entries:
            for name in sorted(entry.name for entry in entries if entry.name.endswith(_ENDING)):
                distribution, _, version = name.removesuffix(_ENDING).partition("-")
                versions.setdefault(_SEPARATORS.sub("-", distribution).lower(), version)
    return versions


def _told_version(library: str) -> str:
    """Return the version of what was installed otherwise than in a `.dist-info` folder."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(library)
    except PackageNotFoundError:
        return "unknown"
