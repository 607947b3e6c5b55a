"""A sentence with its source, to be copied: in the 256 characters that a button can copy."""

from __future__ import annotations

from typing import Final

from bot.phrases import Phrases
from bot.shown import ShownPassage
from bot.source_lines import date_of, paragraph_of, sentence_text, title_of
from bot.telegram_html import ELLIPSIS, fitting, is_web_address, sendable, shortened, single_line, utf16_units
from index.types import Span

MOST_UNITS: Final = 256

_TITLE_UNITS: Final = 70
_AUTHOR_UNITS: Final = 30
_LEAST_QUOTE_UNITS: Final = 60
"""What is left for the sentence, or the address is not given."""


def citation(shown: ShownPassage, highlight: Span | None, phrases: Phrases) -> str:
    """Return the marked sentence in quotation marks, who says so, and the page's address if there is room.

    A sentence that is too long is cut after a word, with an ellipsis outside the quotation marks.
    Where none is marked, the passage's first sentence is cited.
    """
    source = shown.source
    sentence = sendable(sentence_text(shown, highlight or shown.passage.sentences[0])).strip()
    title = title_of(source, phrases, _TITLE_UNITS)
    parts = [
        shortened(source.author or "", _AUTHOR_UNITS),
        title,
        date_of(source),
        paragraph_of(shown, phrases),
    ]
    origin = f" — {', '.join(filter(None, parts))}"
    address = single_line(source.url or "")
    wanted = min(utf16_units(sentence), _LEAST_QUOTE_UNITS)
    with_address = f"{origin}, {address}"
    if is_web_address(address) and _room(with_address, phrases) >= wanted:
        origin = with_address
    return f"{_quotation(sentence, _room(origin, phrases), phrases)}{origin}"


def _room(origin: str, phrases: Phrases) -> int:
    """Return how much of a sentence goes before the source, the signs about it counted."""
    return MOST_UNITS - utf16_units(origin) - utf16_units(phrases.quotation.format(text="")) - len(ELLIPSIS)


def _quotation(sentence: str, units: int, phrases: Phrases) -> str:
    if utf16_units(sentence) <= units:
        return phrases.quotation.format(text=sentence)
    return phrases.quotation.format(text=sentence[: fitting(sentence, units)].rstrip()) + ELLIPSIS
