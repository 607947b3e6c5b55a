"""A passage between its neighbours, as quotes one below the other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.quotes import Quotable, excerpt
from bot.shown import ShownPassage
from bot.telegram_html import ELLIPSIS, Html, lines, plain
from index.types import Span

_LEAST_UNITS: Final = 120
"""A neighbour is left out where there is less room for it."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Passages that overlap or touch, as one text without repetition."""

    start: int
    """In the article's offsets, as `sentences`."""
    text: str
    sentences: tuple[Span, ...]

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def with_next(self, shown: ShownPassage) -> _Run:
        """Return the run with a passage that begins in it or at its end."""
        last = self.sentences[-1].end
        return _Run(
            self.start,
            self.text + shown.text[self.end - shown.passage.span.start :],
            (*self.sentences, *(sentence for sentence in shown.passage.sentences if sentence.start >= last)),
        )

    def quotable(self, highlight: Span | None) -> Quotable:
        def inside(span: Span) -> Span:
            return Span(span.start - self.start, span.end - self.start)

        return Quotable(
            self.text,
            tuple(map(inside, self.sentences)),
            None if highlight is None else inside(highlight),
        )


def context_quotes(
    shown: Sequence[ShownPassage], own: ShownPassage, highlight: Span | None, units: int
) -> Html:
    """Return passages as quotes: a quote for each stretch of the article without a gap.

    What does not fit is cut from the ends that are farthest from the passage in the middle.

    Args:
        shown: Passages of one article, in its order.
        own: The one among them that comes first where there is not room for all.
        highlight: The sentence to mark in it, in the article's offsets.
        units: How much of the message there is.
    """
    runs = _runs(shown)
    place = next(place for place, run in enumerate(runs) if own.passage.span.start < run.end)
    starts = [sentence.start for sentence in runs[place].sentences]
    anchor_at = own.passage.sentences[0].start if highlight is None else highlight.start
    anchor = max(0, bisect_right(starts, anchor_at) - 1)
    # Room for an ellipsis instead of what stands before, and of what stands after.
    middle = excerpt(runs[place].quotable(highlight), anchor, units - 4)
    left = units - 4 - middle.units
    after, left = _neighbours(runs[place + 1 :], left, forward=True)
    before, _ = _neighbours(runs[:place][::-1], left, forward=False)
    return lines(*before[::-1], middle, *after)


def _runs(shown: Sequence[ShownPassage]) -> list[_Run]:
    runs: list[_Run] = []
    for each in shown:
        if runs and each.passage.span.start <= runs[-1].end:
            runs[-1] = runs[-1].with_next(each)
        else:
            runs.append(_Run(each.passage.span.start, each.text, each.passage.sentences))
    return runs


def _neighbours(runs: Sequence[_Run], units: int, *, forward: bool) -> tuple[list[Html], int]:
    """Return quotes of runs, nearest first, and how much room is left after them."""
    quotes: list[Html] = []
    for run in runs:
        if units < _LEAST_UNITS:
            return [*quotes, plain(ELLIPSIS)], units
        anchor = 0 if forward else len(run.sentences) - 1
        quotes.append(excerpt(run.quotable(None), anchor, units - 1))
        units -= quotes[-1].units + 1
    return quotes, units
