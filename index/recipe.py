"""By what code articles are read, cut and analysed: only the very same may take over what it made."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

_ENDING: Final = ".dist-info"
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
        digest.update(f"{library} {versions.get(library, 'unknown')}\0".encode())
    return digest.hexdigest()


def installed_versions(folders: Iterable[str]) -> dict[str, str]:
    """Return the version of each distribution in some folders, by its normalised name.

    They are in the names of the `.dist-info` folders, as the packaging specification "Recording installed
    projects" has it; of a name that is there twice the first counts, as for an import. `importlib.metadata`
    tells the same, and importing it takes 30 ms of each start.
    """
    versions: dict[str, str] = {}
    for folder in folders:
        with suppress(OSError), os.scandir(folder or ".") as entries:
            for name in sorted(entry.name for entry in entries if entry.name.endswith(_ENDING)):
                distribution, _, version = name.removesuffix(_ENDING).partition("-")
                versions.setdefault(distribution.lower().replace("_", "-").replace(".", "-"), version)
    return versions
