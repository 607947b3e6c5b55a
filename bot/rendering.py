"""An Answer as text for a terminal, and as the object that goes out as JSON; nothing is read or written.

What an article says is told by the bar in front of it, and is verbatim but for white space at the
ends of lines and for characters that would drive the terminal, which are made visible.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.links import link_to
from bot.nearest import nearest_passages
from bot.wrapping import MARK_OFF, MARK_ON, cut, one_line, visible, wrap
from index.cleaning import is_searchable
from index.types import Answer, Passage, RankedPassage, Source, Span

NO_ANSWER: Final = "The articles do not say."
NO_QUESTION: Final = "There is no question in that; ask with a word or a number in it."

_BAR: Final = "│ "
_LONGEST_TITLE_CELLS: Final = 80
_SHORT_LINES: Final = 3
"""How many lines a passage after the first may take."""

_BOLD: Final = "\x1b[1m"
_DIM: Final = "\x1b[2m"
_PLAIN: Final = "\x1b[0m"
_DRIVING: Final = re.compile(r"[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufdd0\ufdd1]")
"""What JSON allows in a string and a terminal obeys or cannot show."""


@dataclass(frozen=True, slots=True)
class Style:
    """How text is to look."""

    width: int = 80
    """In columns."""
    colours: bool = False
    """Whether the terminal knows ANSI escapes; without them, the marked sentence stands in >> <<."""


def render_answer(answer: Answer, style: Style) -> str:
    """Return the best passage in full with its source, then the others in short, numbered from 1.

    Where the articles do not say, the nearest passages are named in a line each, if they are near.
    """
    if not is_searchable(answer.question):
        return NO_QUESTION
    if not answer.answered:
        return _render_declining(answer, style)
    best, *others = answer.passages
    parts = [render_passage(best.passage, best.source, best.text, style, ranked=best, number=1)]
    if others:
        parts.append(render_more(others, style, first_number=2))
    return "\n\n".join(parts)


def render_more(passages: Sequence[RankedPassage], style: Style, *, first_number: int) -> str:
    """Return passages in short: a few lines around the marked sentence, each under its source."""
    return "\n\n".join(
        f"{_source_line(ranked.passage, ranked.source, ranked.probability, number)}\n"
        f"{_short_quote(ranked, style)}"
        for number, ranked in enumerate(passages, start=first_number)
    )


def render_passage(
    passage: Passage,
    source: Source,
    text: str,
    style: Style,
    *,
    ranked: RankedPassage | None = None,
    number: int | None = None,
    headings: bool = False,
) -> str:
    """Return a whole passage as a quote, and its source and link below.

    Args:
        passage: Where it stands.
        source: Which article it is from.
        text: What it says.
        style: How it is to look.
        ranked: Where it is part of an answer: tells the sentence to mark and the probability.
        number: How the reader may call it.
        headings: Whether to show the headings that it stands under.
    """
    highlight = ranked.highlight if ranked is not None else None
    lines = []
    if headings and passage.headings:
        lines.append(cut(" > ".join(map(one_line, passage.headings)), style.width))
    lines.extend(_quote(text, None if highlight is None else _inside(passage, highlight), style))
    lines.append("")
    lines.append(_source_line(passage, source, ranked.probability if ranked is not None else None, number))
    if source.url is not None:
        sentence = None if highlight is None else _inside(passage, highlight).of(text)
        lines.append(one_line(link_to(source.url, sentence)))
    return "\n".join(lines)


def answer_object(answer: Answer, question_id: Any = None) -> dict[str, Any]:
    """Return what goes out as JSON for one question; offsets are code points of the article's file."""
    return {
        "id": question_id,
        "answered": answer.answered,
        "confidence": answer.confidence,
        "passages": [
            {
                "article": ranked.source.article_id,
                "title": ranked.source.title,
                "start": ranked.passage.span.start,
                "end": ranked.passage.span.end,
                "text": ranked.text,
                "highlight": None
                if ranked.highlight is None
                else [ranked.highlight.start, ranked.highlight.end],
                "probability": ranked.probability,
            }
            for ranked in answer.passages
        ],
        "elapsed_ms": answer.elapsed_ms,
    }


def json_text(value: Mapping[str, Any], *, for_reading: bool) -> str:
    """Return JSON: indented for reading in a terminal, else one line of ASCII that any program reads.

    Neither holds a character that drives a terminal.
    """
    if not for_reading:
        return json.dumps(value)
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return _DRIVING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def percentage(probability: float) -> str:
    """Return a probability in whole percent; 0% and 100% only where it is exactly that."""
    if 0 < probability < 0.01:
        return "<1%"
    if 0.99 < probability < 1:
        return ">99%"
    return f"{probability:.0%}"


def _render_declining(answer: Answer, style: Style) -> str:
    nearest = [
        cut(f"[{number}] {_title(ranked.source)} - {_telling_line(ranked)}", style.width)
        for number, ranked in enumerate(nearest_passages(answer), start=1)
    ]
    return "\n".join([NO_ANSWER, *(["", "Perhaps:", *nearest] if nearest else [])])


def _source_line(passage: Passage, source: Source, probability: float | None, number: int | None) -> str:
    parts = [
        f"{'' if number is None else f'[{number}] '}{_title(source)}",
        source.published and one_line(source.published),
        f"paragraph {passage.paragraph} of {passage.paragraph_count}",
        None if probability is None else percentage(probability),
    ]
    return " · ".join(part for part in parts if part)


def _title(source: Source) -> str:
    return cut(one_line(source.title), _LONGEST_TITLE_CELLS)


def _telling_line(ranked: RankedPassage) -> str:
    """Return the marked sentence, or all of the passage where none is, on one line."""
    if ranked.highlight is None:
        return one_line(ranked.text)
    return one_line(_inside(ranked.passage, ranked.highlight).of(ranked.text))


def _inside(passage: Passage, span: Span) -> Span:
    """Return a span of the article as one of the passage's own text."""
    return Span(span.start - passage.span.start, span.end - passage.span.start)


def _short_quote(ranked: RankedPassage, style: Style) -> str:
    """Return the first lines of the marked sentence, or of the passage where none is."""
    span = None if ranked.highlight is None else _inside(ranked.passage, ranked.highlight)
    text = ranked.text if span is None else span.of(ranked.text)
    lines = wrap(visible(text), style.width - len(_BAR))
    if len(lines) > _SHORT_LINES:
        last = f"{lines[_SHORT_LINES - 1]} …"
        lines = [*lines[: _SHORT_LINES - 1], last if len(last) <= style.width else cut(last, style.width - 4)]
    return "\n".join(f"{_BAR}{line}".rstrip() for line in lines)


def _quote(text: str, marked: Span | None, style: Style) -> list[str]:
    """Return the lines of a quote, the marked part bold or between signs that the text has not."""
    if marked is None:
        shown = visible(text)
    else:
        before, within, after = text[: marked.start], marked.of(text), text[marked.end :]
        shown = f"{visible(before)}{MARK_ON}{visible(within)}{MARK_OFF}{visible(after)}"
    opening, closing = _signs(text)
    mark_cells = 0 if style.colours else len(opening)
    lines = wrap(shown, style.width - len(_BAR), mark_cells=mark_cells)
    if style.colours:
        return _in_colours(lines)
    return [f"{_BAR}{line}".replace(MARK_ON, opening).replace(MARK_OFF, closing).rstrip() for line in lines]


def _signs(text: str) -> tuple[str, str]:
    """Return the signs for where marked text begins and ends, long enough not to stand in the text."""
    length = 2
    while ">" * length in text or "<" * length in text:
        length += 1
    return f"{'>' * length} ", f" {'<' * length}"


def _in_colours(lines: Sequence[str]) -> list[str]:
    """Return the lines with what is marked in bold; each ends plain, so that no bar is bold."""
    coloured = []
    bold = False
    for line in lines:
        shown = f"{_BOLD if bold else ''}{line}".replace(MARK_ON, _BOLD).replace(MARK_OFF, _PLAIN)
        for mark in line:
            bold = mark == MARK_ON if mark in (MARK_ON, MARK_OFF) else bold
        coloured.append(f"{_DIM}{_BAR}{_PLAIN}{shown}{_PLAIN if bold else ''}".rstrip())
    return coloured
