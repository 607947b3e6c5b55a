"""Text as Telegram's HTML: cleaned first, cut next, escaped last, and counted as Telegram counts.

Telegram counts a message in UTF-16 code units of what is left once the marks are parsed, 4,096 at
most. `Html` carries both, so that nothing is counted twice or cut after it was escaped.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

MOST_UNITS: Final = 4096
"""UTF-16 code units that a message may show."""

ELLIPSIS: Final = "…"

_LONGEST_ADDRESS: Final = 2048
"""Characters of a link's address; longer ones make no link."""

_LINE_END: Final = re.compile("\r\n?|[\u2028\u2029]")
_RING: Final = re.compile("(?s:.)\u030a")
_UNSENDABLE: Final[dict[int, str | None]] = {
    **dict.fromkeys(map(ord, "\u030a\u0333\u033f\u202a\u202b\u202c\u202d\u202e"), None),
    **{code: " " for code in range(0x20) if code != ord("\n")},
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}
_ISOLATES: Final = dict.fromkeys(range(0x2066, 0x206A))
_JOINING: Final = frozenset("\u200d\ufe0e\ufe0f")


@dataclass(frozen=True, slots=True)
class Html:
    """A piece of a message."""

    source: str
    """What is sent: well-formed by itself."""
    units: int
    """How much of a message's length it takes."""

    def __add__(self, other: Html) -> Html:
        return Html(self.source + other.source, self.units + other.units)

    def __bool__(self) -> bool:
        return self.units > 0


NOTHING: Final = Html("", 0)


def utf16_units(text: str) -> int:
    """Return the length of `text` as Telegram counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def sendable(text: str) -> str:
    r"""Return `text` with what Telegram would refuse, cut off or swallow replaced, and nothing else.

    - Halves of surrogate pairs, which cannot be sent at all, become U+FFFD.
    - NUL, at which Telegram ends the text, and other control characters but the newline become a
      space, as Telegram makes of them; so a tab is a space.
    - `\r\n`, `\r`, and the line and paragraph separators U+2028 and U+2029 become a newline;
      Telegram would drop them and run the lines together.
    - A letter with the combining ring U+030A becomes the one letter that it is equivalent to, as "å";
      Telegram would drop the ring. Where there is no such letter the ring goes, and so do U+0333 and
      U+033F, and U+202A to U+202E, which reorder text from afar.

    Marks of right-to-left text (U+200E, U+200F, isolates) are kept: they end with their paragraph. The
    result is never longer than the text, and cleaning it again changes nothing.
    """
    composed = _RING.sub(_composed, _LINE_END.sub("\n", text))
    return composed.translate(_UNSENDABLE)


def single_line(text: str) -> str:
    """Return `text` as a title or a button shows it: sendable, single spaces, no isolates left open."""
    return " ".join(sendable(text).translate(_ISOLATES).split())


def fitting(text: str, units: int) -> int:
    """Return how many characters of `text` take at most `units`, ending after a word where that can be.

    A letter is not parted from its accents, nor an emoji from what modifies it, where `units` has
    room for either.
    """
    end = _most(text, units)
    if end == len(text) or text[end].isspace():
        return end
    for place in range(end, end // 2, -1):
        if text[place - 1].isspace():
            return len(text[:place].rstrip()) or end
    whole = end
    while whole > 1 and (_joins(text[whole]) or text[whole - 1] == "\u200d"):
        whole -= 1
    return whole if whole > 1 else end


def shortened(text: str, units: int) -> str:
    """Return `text` on one line within `units`; an ellipsis at its end says that there is more."""
    line = single_line(text)
    if utf16_units(line) <= units:
        return line
    return line[: fitting(line, units - 1)].rstrip() + ELLIPSIS


def plain(text: str) -> Html:
    """Return text as it is to be read."""
    clean = sendable(text)
    return Html(html.escape(clean, quote=False), utf16_units(clean))


def bold(inner: Html) -> Html:
    """Return a piece in bold."""
    return _inside("b", inner)


def italic(inner: Html) -> Html:
    """Return a piece in italics."""
    return _inside("i", inner)


def quote(inner: Html, *, expandable: bool = False) -> Html:
    """Return a piece as a block quote; of an expandable one, clients show the first three lines."""
    return _inside("blockquote", inner, " expandable" if expandable else "")


def link(inner: Html, address: str | None) -> Html:
    """Return a piece as a link; as it is where the address is none of the web, or far too long."""
    clean = single_line(address or "")
    if not is_web_address(clean):
        return inner
    return _inside("a", inner, f' href="{html.escape(clean)}"')


def is_web_address(address: str) -> bool:
    """Return whether Telegram makes a link of an address."""
    return address.lower().startswith(("https://", "http://")) and len(address) <= _LONGEST_ADDRESS


def lines(*pieces: Html) -> Html:
    """Return pieces one below the other, those that show nothing left out."""
    shown = [piece for piece in pieces if piece]
    between = max(0, len(shown) - 1)
    return Html("\n".join(piece.source for piece in shown), sum(piece.units for piece in shown) + between)


def _inside(tag: str, inner: Html, attributes: str = "") -> Html:
    return Html(f"<{tag}{attributes}>{inner.source}</{tag}>", inner.units) if inner else inner


def _composed(found: re.Match[str]) -> str:
    letter = unicodedata.normalize("NFC", found[0])
    return letter if len(letter) == 1 else found[0]


def _most(text: str, units: int) -> int:
    """Return how many characters of `text` take at most `units`."""
    taken = 0
    for place, character in enumerate(text):
        taken += 2 if character > "\uffff" else 1
        if taken > units:
            return place
    return len(text)


def _joins(character: str) -> bool:
    """Return whether a character belongs to the one before it."""
    return (
        character in _JOINING
        or unicodedata.combining(character) > 0
        or "\U0001f3fb" <= character <= "\U0001f3ff"
    )
