"""Text for a terminal: characters that would drive it made visible, lines wrapped to its width."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from rich.cells import cell_len

MARK_ON: Final = "\ufdd0"
MARK_OFF: Final = "\ufdd1"
"""Where marked text begins and ends. Unicode reserves them for use inside a program; those of an
article are made visible, so that no article can forge a mark."""

_LINE_END: Final = re.compile(r"\r\n?|[\n\u2028\u2029]")
_UNSAFE: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0\ufdd1]"
)
"""C0 but tab and newline, DEL, C1, what reorders text from afar, halves of surrogate pairs, our marks."""

_MARKS: Final = re.compile(f"[{MARK_ON}{MARK_OFF}]")
_MARKS_AND_SPACES: Final = re.compile(f"[{MARK_ON}{MARK_OFF}]*[ \t]*")
_ITEM: Final = re.compile(r"[ \t]*(?:[-*+•]|\d{1,9}[.)])[ \t]+\S")
_LEAD: Final = re.compile(r"[ \t]*(?:(?:[-*+•]|\d{1,9}[.)])[ \t]+)?")
_FENCES: Final = ("```", "~~~")
_OWN_LINE: Final = re.compile(rf"{_ITEM.pattern}|[ \t]*(?:[|>#]|```|~~~)| {{4}}|\t|.*\t|.* \| ")
"""A line that begins a list's item, or is a row of a table, a quote, a heading or code."""

_WRAPPED_BY_HAND_CELLS: Final = 45
"""Lines of prose that somebody wrapped are longer than this, but for the last; lines of code, verse
and addresses have a shorter one among them, and keep their line ends."""

_NO_LINE_START: Final = frozenset(
    "、。，．：；！？）］｝」』】〉》”’…ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ"
)
_NO_LINE_END: Final = frozenset("（［｛「『【〈《“‘")


def visible(text: str) -> str:
    """Return `text` with every character that could drive a terminal shown as a sign or a code.

    Line ends become newlines. ESC is shown as ␛, a right-to-left override as <U+202E>; what is
    left can neither move the cursor nor reorder what is around it. Doing it again changes nothing.
    """
    return _UNSAFE.sub(lambda found: _sign(found[0]), _LINE_END.sub("\n", text))


def one_line(text: str) -> str:
    """Return `text` visible, on one line, with single spaces."""
    return " ".join(visible(text).split())


def cut(text: str, cells: int) -> str:
    """Return a line of at most `cells` columns, cut after a word where it can be; "…" says that it was."""
    if cell_len(text) <= cells:
        return text
    kept = next(_chunks(text, max(1, cells - 1)))
    head, space, _ = kept.rpartition(" ")
    if space and cell_len(head) >= cells // 2 and not text[len(kept) :].startswith(" "):
        kept = head
    return f"{kept.rstrip()}…"


def wrap(text: str, cells: int, *, mark_cells: int = 0) -> list[str]:
    """Return the lines of `text`, which is visible, at most `cells` columns wide.

    Lines of prose run together as they do when Markdown is shown; lists, tables and code keep
    their line ends. Nothing but white space is lost.

    Args:
        text: What `visible` returned, `MARK_ON` and `MARK_OFF` put in.
        cells: The width, in columns; fewer than 10 count as 10.
        mark_cells: How many columns each of the two marks will take when it is shown.
    """
    cells = max(10, cells)
    lines: list[str] = []
    for block in _blocks(text):
        if lines and not block:
            lines.append("")
        for line, words in _logical_lines(block):
            # Columns of code and tables matter, so their lines are cut as they stand.
            parts = _wrapped if words else _divided
            lines.extend(parts(line.expandtabs(4), cells, mark_cells))
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _sign(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"<U+{code:04X}>"


def _blocks(text: str) -> Iterator[list[str]]:
    """Yield the runs of lines that are not blank; an empty one stands between each two."""
    block: list[str] = []
    for line in text.split("\n"):
        if _MARKS.sub("", line).strip():
            block.append(line.rstrip())
            continue
        marks = "".join(_MARKS.findall(line))
        if block:
            block[-1] += marks
            yield block
            yield []
            block = []
        elif marks:
            # A mark on a blank line belongs to the text after it.
            block = [marks]
    if block:
        yield block


def _logical_lines(block: list[str]) -> Iterator[tuple[str, bool]]:
    """Yield the lines of a block as they are to be shown, and whether they are words to be wrapped.

    A run of prose is one line, and so is an item of a list with the lines that go on with it.
    """
    bare = [_MARKS.sub("", line) for line in block]
    fenced = any(line.lstrip().startswith(_FENCES) for line in bare)
    runs: list[list[int]] = []
    for place, line in enumerate(bare):
        if runs and not fenced and not _OWN_LINE.match(line) and _has_words(bare[runs[-1][0]]):
            runs[-1].append(place)
        else:
            runs.append([place])
    for run in runs:
        words = not fenced and _has_words(bare[run[0]])
        if all(cell_len(bare[place]) >= _WRAPPED_BY_HAND_CELLS for place in run[:-1]):
            head, *rest = (block[place] for place in run)
            yield " ".join([head, *(line.strip() for line in rest)]), words
        else:
            yield from ((block[place], words) for place in run)


def _has_words(line: str) -> bool:
    """Return whether a line is prose or an item of a list, and so may be wrapped between words."""
    return bool(_ITEM.match(line)) or not _OWN_LINE.match(line)


def _divided(line: str, cells: int, mark_cells: int) -> Iterator[str]:
    """Yield a line in parts of at most `cells`, every space kept."""
    yield from _chunks(line, max(1, cells - mark_cells * len(_MARKS.findall(line))))


def _wrapped(line: str, cells: int, mark_cells: int) -> Iterator[str]:
    """Yield a line in parts of at most `cells`, those after the first indented like its text."""
    if _width(line, mark_cells) <= cells:
        yield line
        return
    indent = " " * min(_matched(_LEAD, _MARKS.sub("", line)), cells // 3)
    current = line[: _matched(_MARKS_AND_SPACES, line)]
    empty = True
    for unit, spaced in _units(line[len(current) :]):
        joined = f"{current}{' ' if spaced and not empty else ''}{unit}"
        if _width(joined, mark_cells) <= cells:
            current, empty = joined, False
            continue
        if not empty:
            yield current
            current = indent
        room = cells - _width(current, mark_cells) - mark_cells * len(_MARKS.findall(unit))
        *full, rest = _chunks(unit, max(1, room))
        for chunk in full:
            yield current + chunk
            current = indent
        current, empty = current + rest, False
    yield current


def _units(line: str) -> Iterator[tuple[str, bool]]:
    """Yield what a line may be broken between, and whether a space stands before it."""
    for word in re.split(r"[ \t]+", line.strip(" \t")):
        spaced = True
        for unit in _parts(word):
            yield unit, spaced
            spaced = False


def _parts(word: str) -> Iterator[str]:
    """Yield a word in the parts that it may be broken into: the signs of scripts without spaces."""
    if word.isascii() or not any(cell_len(character) == 2 for character in word):
        yield word
        return
    start = 0
    for place, (before, after) in enumerate(pairwise(word), start=1):
        wide = cell_len(before) == 2 or cell_len(after) == 2
        held = after in _NO_LINE_START or before in _NO_LINE_END or cell_len(after) == 0 or before == MARK_ON
        if wide and not held and "\u200d" not in (before, after):
            yield word[start:place]
            start = place
    yield word[start:]


def _matched(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.match(text)
    return found.end() if found else 0


def _width(text: str, mark_cells: int) -> int:
    marks = len(_MARKS.findall(text))
    return cell_len(_MARKS.sub("", text)) + marks * mark_cells


def _chunks(text: str, cells: int) -> Iterator[str]:
    """Yield `text` in parts of at most `cells` columns, whatever they cut through; never none."""
    start = width = 0
    for place, character in enumerate(text):
        own = 0 if character in (MARK_ON, MARK_OFF) else cell_len(character)
        if width + own > cells and place > start:
            yield text[start:place]
            start, width = place, 0
        width += own
    yield text[start:]
