"""Cutting a text that is too long for one sentence, where a reader would pause.

From the best place to the last resort: after a semicolon, at a line's end, after a comma, at a
space, where Unicode allows a line to break (between words, also in scripts that write no spaces),
between characters as a reader counts them, and only inside one of those where it alone is too long.
"""

from __future__ import annotations

from icu4py.breakers import BaseBreaker, CharacterBreaker, LineBreaker

_SEMICOLONS = ";；؛"
_COMMAS = ",，、،:：—"
_AT_SPACE, _AT_LINE_BREAK, _AT_CHARACTER, _ANYWHERE = 3, 4, 5, 6


def cut_points(text: str, parts: int, language: str) -> list[int]:
    """Return where to cut `text` into about `parts` parts of like length: offsets, in order.

    Args:
        text: Without lone surrogates; of two characters or more.
        parts: At least 2. Fewer parts come of a text that has fewer characters.
        language: ISO 639-1 code, for the line breaks of scripts without spaces.
    """
    parts = min(parts, len(text))
    share = len(text) // parts
    characters = _bounds(CharacterBreaker(text, language), len(text))
    line_breaks: bytes | None = None
    points: list[int] = []
    for number in range(1, parts):
        ideal = len(text) * number // parts
        around = range(max(1, ideal - share // 3), min(len(text) - 1, ideal + share // 3) + 1)
        best = min(around, key=lambda at: (_rank(text, at, characters), abs(at - ideal)))
        if _rank(text, best, characters) > _AT_SPACE:
            if line_breaks is None:
                line_breaks = _bounds(LineBreaker(text, language), len(text))
            breaks = [at for at in around if line_breaks[at] and characters[at]]
            best = min(breaks, key=lambda at: abs(at - ideal), default=best)
        points.append(best)
    return points


def _rank(text: str, at: int, characters: bytes) -> int:
    """Return how good a place `at` is to cut: 0 is best; line breaks are not looked at."""
    if not characters[at]:
        return _ANYWHERE
    before = text[at - 1]
    # A comma in the middle of "1,000" is no pause; a wide one has no space after it.
    pauses = text[at].isspace() or not before.isascii()
    if pauses and before in _SEMICOLONS:
        return 0
    if before == "\n":
        return 1
    if pauses and before in _COMMAS:
        return 2
    return _AT_SPACE if before.isspace() else _AT_CHARACTER


def _bounds(breaker: BaseBreaker, length: int) -> bytes:
    """Return one byte for each offset: 1 where the breaker has a boundary."""
    # The breaker's own offsets count UTF-16 units; its pieces have the length that is needed.
    flags = bytearray(length + 1)
    position = 0
    for piece in breaker:
        position += len(piece)
        flags[position] = 1
    return bytes(flags)
