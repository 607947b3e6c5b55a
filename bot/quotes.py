"""What of a text is quoted, and how: whole sentences about the one that matters, the marked one in bold.

What is quoted is the article's text, white space included; where it does not begin or end with the
text, an ellipsis stands outside the quote.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

from bot.shown import ShownPassage
from bot.telegram_html import (
    ELLIPSIS,
    NOTHING,
    Html,
    bold,
    fitting,
    lines,
    plain,
    quote,
    utf16_units,
)
from index.types import Span

LONG_UNITS: Final = 600
"""A longer passage is shown as a quote that expands."""

_SEEN_UNITS: Final = 90
"""What is sure to be in the three lines that a phone shows of a quote before it is expanded."""

_CUT_UNITS: Final = 4
"""An ellipsis on a line of its own above, and below."""


@dataclass(frozen=True, slots=True)
class Quotable:
    """A text that is quoted, whole or in part."""

    text: str
    sentences: tuple[Span, ...]
    """In the text's own offsets, in order; empty where the text is to be cut anywhere."""
    marked: Span | None
    """The sentence in bold, likewise."""

    @property
    def anchor(self) -> int:
        """The sentence that is shown whatever is cut: the marked one, else the first."""
        if self.marked is None or not self.sentences:
            return 0
        return max(0, bisect_right([sentence.start for sentence in self.sentences], self.marked.start) - 1)


def quotable(shown: ShownPassage, highlight: Span | None) -> Quotable:
    """Return a passage as it is to be quoted, with a sentence of the article marked in it."""
    start, length = shown.passage.span.start, len(shown.text)

    def inside(span: Span) -> Span:
        return Span(*(min(max(0, place - start), length) for place in (span.start, span.end)))

    marked = None if highlight is None else inside(highlight)
    return Quotable(shown.text, tuple(map(inside, shown.passage.sentences)), marked)


def quoted(passage: Quotable, units: int) -> Html:
    """Return a passage as a quote, so that the marked sentence is seen without a tap.

    A long passage is a quote that expands. Where its first lines do not show all of the marked
    sentence, that sentence stands in a quote of its own above.

    Args:
        passage: What to quote.
        units: How much of the message there is for it; a hundred or more.
    """
    marked = passage.marked
    if utf16_units(passage.text) <= LONG_UNITS:
        return excerpt(passage, passage.anchor, units)
    if marked is None or utf16_units(passage.text[: marked.end]) <= _SEEN_UNITS:
        return excerpt(passage, passage.anchor, units, expandable=True)
    sentence = plain(marked.of(passage.text))
    if not sentence or sentence.units > min(LONG_UNITS, units // 2):
        return excerpt(passage, passage.anchor, units)
    above = quote(bold(sentence))
    return lines(above, excerpt(passage, passage.anchor, units - above.units - 1, expandable=True))


def excerpt(passage: Quotable, anchor: int, units: int, *, expandable: bool = False) -> Html:
    """Return as many whole sentences as there is room for, from both sides of one of them, as a quote.

    Args:
        passage: What to quote.
        anchor: The place of the sentence that is shown in any case, if need be only its beginning.
        units: How much of the message there is for it.
        expandable: Whether the quote is one that expands.
    """
    shown = _window(passage, anchor, units)
    inner = _marked_up(passage, shown)
    if not inner:
        return NOTHING
    return lines(
        plain(ELLIPSIS if passage.text[: shown.start].strip() else ""),
        quote(inner, expandable=expandable),
        plain(ELLIPSIS if passage.text[shown.end :].strip() else ""),
    )


def _window(passage: Quotable, anchor: int, units: int) -> Span:
    """Return what of the text fits, the ellipses that it then needs included."""
    text = passage.text
    if utf16_units(text) <= units:
        return Span(0, len(text))
    room = max(0, units - _CUT_UNITS)
    sentences = passage.sentences or (Span(0, len(text)),)
    kept = sentences[anchor]
    if utf16_units(kept.of(text)) > room:
        return Span(kept.start, kept.start + fitting(kept.of(text), room))
    first = last = anchor
    for place in _outwards(anchor, len(sentences)):
        if place not in (first - 1, last + 1):
            continue  # There was no room for one nearer on that side.
        wider = Span(sentences[min(first, place)].start, sentences[max(last, place)].end)
        if utf16_units(wider.of(text)) <= room:
            first, last, kept = min(first, place), max(last, place), wider
    return kept


def _outwards(anchor: int, count: int) -> list[int]:
    """Return the places around one of them, nearest first, and the later of two that are as near."""
    others = [place for place in range(count) if place != anchor]
    return sorted(others, key=lambda place: (abs(place - anchor), place < anchor))


def _marked_up(passage: Quotable, shown: Span) -> Html:
    text, marked = passage.text, passage.marked
    if marked is None:
        return plain(shown.of(text))
    start = min(max(marked.start, shown.start), shown.end)
    end = min(max(marked.end, start), shown.end)
    return plain(text[shown.start : start]) + bold(plain(text[start:end])) + plain(text[end : shown.end])
