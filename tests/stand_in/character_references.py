"""The character references that Telegram's HTML parse mode knows: four names, and any number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_NAMED: Final = {b"lt": "<", b"gt": ">", b"amp": "&", b"quot": '"'}
_PATTERN: Final = re.compile(rb"&(?:#x(?P<hex>[0-9a-fA-F]*)|#(?P<number>[0-9]*)|(?P<name>[a-zA-Z]*));?")
_MOST_BYTES: Final = 10


@dataclass(frozen=True, slots=True)
class Reference:
    """A character that is written by its name or number."""

    character: str
    end: int
    """The byte after it; the semicolon may be missing."""


def reference_at(source: bytes, at: int) -> Reference | None:
    """Return the reference that begins with the ampersand at a byte, or None where that stands for itself."""
    found = _PATTERN.match(source, at)
    if found is None:
        return None
    if found["name"] is not None:
        character = _NAMED.get(found["name"])
    else:
        digits, base = (found["number"], 10) if found["hex"] is None else (found["hex"], 16)
        # A number too long to be written is refused before it is read, however long it is.
        is_short = len(found[0].rstrip(b";")) < _MOST_BYTES
        code = int(digits or b"0", base) if is_short else 0
        character = chr(code) if 0 < code < 0x10FFFF else None
    return None if character is None else Reference(character, found.end())
