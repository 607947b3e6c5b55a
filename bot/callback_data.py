"""What a button says when it is pressed: all that is needed to obey, in the 64 bytes that Telegram carries.

Nothing is remembered elsewhere, so a button works after a restart, and after a rebuild as long as
its passage exists. The first letter is the kind of press. A passage id takes 11 letters (8 bytes in
base64url), and the place of its marked sentence one more: five passages, the kind and the place on
the shelf come to 62.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final

MOST_BYTES: Final = 64
MOST_PASSAGES: Final = 5
MOST_MARKED: Final = 63
"""A sentence with this place or a later one cannot be named."""
LARGEST_OFFSET: Final = 10**9

_DIGITS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_ID_LETTERS: Final = 11
_ENTRY_LETTERS: Final = _ID_LETTERS + 1
_PASSAGE_ID: Final = re.compile(r"[0-9a-f]{16}")
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,48}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")
_OFFSET: Final = re.compile(r"0|[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class Shelf:
    """The passages of an answer that its buttons lead through, best first."""

    passage_ids: tuple[str, ...]
    """One to five, 16 hexadecimal digits each."""
    marked: tuple[int | None, ...]
    """For each, the place of its marked sentence among the passage's, from 0 and below 63."""
    place: int
    """Which of them is shown, or is to be shown, from 0."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.passage_ids) <= MOST_PASSAGES or len(self.marked) != len(self.passage_ids):
            raise ValueError(f"{self}: expected one to five passages with a mark each; leave out the last")
        _check_ids(*self.passage_ids)
        _check_marks(*self.marked)
        if not 0 <= self.place < len(self.passage_ids):
            raise ValueError(f"{self}: expected the place of one of the passages; count from 0")

    @property
    def passage_id(self) -> str:
        """The passage that is shown."""
        return self.passage_ids[self.place]

    @property
    def marked_sentence(self) -> int | None:
        """The place of the marked sentence in the passage that is shown."""
        return self.marked[self.place]


@dataclass(frozen=True, slots=True)
class ShowPress:
    """Show the passage at the shelf's place."""

    shelf: Shelf


@dataclass(frozen=True, slots=True)
class ContextPress:
    """Show the passage at the shelf's place with its neighbours."""

    shelf: Shelf


@dataclass(frozen=True, slots=True)
class VotePress:
    """Say whether the passage at the shelf's place answered."""

    shelf: Shelf
    up: bool


@dataclass(frozen=True, slots=True)
class OpenPress:
    """Open one passage."""

    passage_id: str
    marked: int | None = None
    """The place of the sentence to mark, from 0 and below 63."""

    def __post_init__(self) -> None:
        _check_ids(self.passage_id)
        _check_marks(self.marked)


@dataclass(frozen=True, slots=True)
class SourcesPress:
    """Show the page of the list of articles that begins with one of them."""

    offset: int
    """From 0."""

    def __post_init__(self) -> None:
        if not 0 <= self.offset < LARGEST_OFFSET:
            raise ValueError(f"{self}: expected an offset from 0 and below {LARGEST_OFFSET}")


@dataclass(frozen=True, slots=True)
class ExamplePress:
    """Ask an example question."""

    name: str
    """Which: 16 hexadecimal digits."""

    def __post_init__(self) -> None:
        _check_ids(self.name)


class RebuildAction(Enum):
    """What an admin decides about a rebuild; the value is its letter in a button's bytes."""

    CANCEL = "c"
    SWITCH = "s"
    """Serve the new generation although the golden questions got worse."""
    KEEP = "k"
    """Go on serving the old one."""
    ROLL_BACK = "r"


@dataclass(frozen=True, slots=True)
class RebuildPress:
    """Decide about one rebuild."""

    action: RebuildAction
    token: str
    """Which rebuild: 1 to 48 of `[A-Za-z0-9_-]`, such as a generation's name."""

    def __post_init__(self) -> None:
        if not _TOKEN.fullmatch(self.token):
            raise ValueError(f"{self}: expected a token of 1 to 48 letters, digits, - and _")


@dataclass(frozen=True, slots=True)
class LanguagePress:
    """Speak another language from now on."""

    code: str
    """ISO 639: two or three small letters."""

    def __post_init__(self) -> None:
        if not _LANGUAGE.fullmatch(self.code):
            raise ValueError(f"{self}: expected a language's code, such as en")


Press = (
    ShowPress
    | ContextPress
    | VotePress
    | OpenPress
    | SourcesPress
    | ExamplePress
    | RebuildPress
    | LanguagePress
)


def pack(press: Press) -> str:
    """Return a press as a button carries it: at most 64 bytes, all of them ASCII."""
    match press:
        case ShowPress(shelf):
            return f"s{_packed_shelf(shelf)}"
        case ContextPress(shelf):
            return f"c{_packed_shelf(shelf)}"
        case VotePress(shelf, up):
            return f"{'u' if up else 'd'}{_packed_shelf(shelf)}"
        case OpenPress(passage_id, marked):
            return f"o{_packed_entry(passage_id, marked)}"
        case SourcesPress(offset):
            return f"p{offset}"
        case ExamplePress(name):
            return f"e{name}"
        case RebuildPress(action, token):
            return f"r{action.value}{token}"
        case LanguagePress(code):
            return f"l{code}"


def unpack(data: str) -> Press | None:
    """Return the press that `data` is of; None where it is not one that `pack` makes."""
    kind, rest = data[:1], data[1:]
    match kind:
        case "s" | "c" | "u" | "d":
            shelf = _unpacked_shelf(rest)
            return None if shelf is None else _shelf_press(kind, shelf)
        case "o":
            entry = _unpacked_entry(rest)
            return None if entry is None else OpenPress(entry.passage_id, entry.marked)
        case "p":
            return SourcesPress(int(rest)) if _OFFSET.fullmatch(rest) else None
        case "e":
            return ExamplePress(rest) if _PASSAGE_ID.fullmatch(rest) else None
        case "r":
            actions = [action for action in RebuildAction if action.value == rest[:1]]
            return RebuildPress(actions[0], rest[1:]) if actions and _TOKEN.fullmatch(rest[1:]) else None
        case "l":
            return LanguagePress(rest) if _LANGUAGE.fullmatch(rest) else None
    return None


@dataclass(frozen=True, slots=True)
class _Entry:
    passage_id: str
    marked: int | None


def _shelf_press(kind: str, shelf: Shelf) -> Press:
    if kind == "s":
        return ShowPress(shelf)
    return ContextPress(shelf) if kind == "c" else VotePress(shelf, kind == "u")


def _packed_shelf(shelf: Shelf) -> str:
    entries = zip(shelf.passage_ids, shelf.marked, strict=True)
    return f"{shelf.place}{''.join(_packed_entry(passage_id, marked) for passage_id, marked in entries)}"


def _unpacked_shelf(packed: str) -> Shelf | None:
    place, letters = packed[:1], packed[1:]
    count, odd = divmod(len(letters), _ENTRY_LETTERS)
    if odd or not 1 <= count <= MOST_PASSAGES or place not in [*map(str, range(count))]:
        return None
    entries = []
    for start in range(0, len(letters), _ENTRY_LETTERS):
        entry = _unpacked_entry(letters[start : start + _ENTRY_LETTERS])
        if entry is None:
            return None
        entries.append(entry)
    ids = tuple(entry.passage_id for entry in entries)
    return Shelf(ids, tuple(entry.marked for entry in entries), int(place))


# Each button of a card names all of its shelf.
@lru_cache(256)
def _packed_entry(passage_id: str, marked: int | None) -> str:
    letters = urlsafe_b64encode(bytes.fromhex(passage_id)).decode("ascii").rstrip("=")
    return letters + _DIGITS[MOST_MARKED if marked is None else marked]


def _unpacked_entry(letters: str) -> _Entry | None:
    if len(letters) != _ENTRY_LETTERS or not set(letters) <= set(_DIGITS):
        return None
    passage_id = urlsafe_b64decode(f"{letters[:_ID_LETTERS]}=").hex()
    place = _DIGITS.index(letters[-1])
    entry = _Entry(passage_id, None if place == MOST_MARKED else place)
    # Eleven letters hold two bits more than an id; where they are set, it was not we who wrote them.
    return entry if _packed_entry(entry.passage_id, entry.marked) == letters else None


def _check_ids(*passage_ids: str) -> None:
    for passage_id in passage_ids:
        if not _PASSAGE_ID.fullmatch(passage_id):
            raise ValueError(
                f"{passage_id!r}: expected a passage's id of 16 hexadecimal digits, in small letters"
            )


def _check_marks(*marks: int | None) -> None:
    for mark in marks:
        if mark is not None and not 0 <= mark < MOST_MARKED:
            raise ValueError(f"{mark}: expected a sentence's place from 0 and below {MOST_MARKED}, or None")
