"""The small file that says which generations count: the one in use, the one before, and a candidate.

It is replaced by one rename, so at any moment there is the old one or the new one, whole.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from index.disk import explaining, flush
from index.errors import DamagedGenerationError, NoGenerationError

_FILE_NAME: Final = "current.json"
_NAME: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}(-[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Pointer:
    """The generations that count, by their names."""

    current: str
    """The one in use."""
    previous: str | None = None
    """The one that a roll back returns to."""
    candidate: str | None = None
    """One that was built and is not in use yet."""
    is_chosen: bool = False
    """Whether somebody chose the one in use over a newer one; the next one that is switched to ends that."""

    def rolled_back_to(self, name: str, *, chosen: bool) -> Pointer:
        """Return what a roll back makes of this; back to a newer one is no choice but its end."""
        # Names begin with the time.
        is_chosen = chosen and name < self.current
        return replace(self, current=name, previous=self.current, is_chosen=is_chosen)

    def without_candidate(self, *, chosen: bool) -> Pointer:
        """Return this without a candidate; `chosen` where somebody chose the one in use over it."""
        return replace(self, candidate=None, is_chosen=chosen or self.is_chosen)

    def unchosen(self) -> Pointer:
        """Return this where what is in use counts as nobody's choice any more."""
        return replace(self, is_chosen=False)

    @property
    def chosen_name(self) -> str | None:
        """The name of the one in use where somebody chose it over a newer one."""
        return self.current if self.is_chosen else None

    @property
    def names(self) -> frozenset[str]:
        """The names of all of them."""
        named = (self.current, self.previous, self.candidate)
        return frozenset(name for name in named if name is not None)


def read_pointer(folder: Path) -> Pointer:
    """Return what the pointer of an index folder says; what it does not mention is not so.

    Raises:
        NoGenerationError: Nothing was built in the folder yet.
        DamagedGenerationError: The file says something else.
        GenerationError: The folder cannot be read.
    """
    path = folder / _FILE_NAME
    with explaining(folder):
        try:
            text = path.read_bytes()
        except FileNotFoundError as error:
            message = f"Nothing was built in {folder} yet; run `footnote build`."
            raise NoGenerationError(message) from error
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        fields = None
    match fields:
        case {"current": str(current), "previous": str() | None as previous}:
            candidate = fields.get("candidate")
            is_chosen = fields.get("is_chosen") is True
            names = (each for each in (current, previous, candidate) if each is not None)
            if all(isinstance(name, str) and _NAME.fullmatch(name) for name in names):
                return Pointer(current, previous, candidate, is_chosen)
    raise DamagedGenerationError(
        f"{path} holds {text[:60]!r}; expected the names of two generations; run `footnote build`."
    )


def prepare_pointer(folder: Path, pointer: Pointer) -> Path:
    """Write a pointer beside the one in use, force it to the disk, and return what `put_pointer` takes."""
    prepared = folder / f"{_FILE_NAME}.new"
    # Without either the file is what it was before there were any.
    rare = ("candidate", "is_chosen")
    fields = {name: value for name, value in asdict(pointer).items() if name not in rare or value}
    prepared.write_text(json.dumps(fields) + "\n", encoding="utf-8")
    flush(prepared)
    return prepared


def put_pointer(prepared: Path) -> None:
    """Put a prepared pointer in the place of the one in use."""
    flush(prepared.parent)
    prepared.replace(prepared.with_name(_FILE_NAME))
    flush(prepared.parent)
