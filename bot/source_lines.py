"""Where a passage is from, as it is told below it: title, date and paragraph."""

from __future__ import annotations

from typing import Final

from bot.links import link_to
from bot.phrases import Phrases
from bot.shown import ShownPassage
from bot.telegram_html import Html, is_web_address, lines, link, plain, shortened
from index.types import Source, Span

TITLE_UNITS: Final = 150
_DATE_UNITS: Final = 40


def source_lines(shown: ShownPassage, highlight: Span | None, phrases: Phrases) -> Html:
    """Return the article's title, linked to the sentence, and below it the date and the paragraph."""
    parts = [date_of(shown.source), paragraph_of(shown, phrases)]
    return lines(
        link(plain(title_of(shown.source, phrases)), address_of(shown, highlight)),
        plain(" · ".join(filter(None, parts))),
    )


def title_of(source: Source, phrases: Phrases, units: int = TITLE_UNITS) -> str:
    """Return an article's title on one line; its id where there is no title, a phrase without either."""
    return shortened(source.title, units) or shortened(source.article_id, units) or phrases.untitled


def date_of(source: Source) -> str:
    """Return when an article was published; empty where that is not known."""
    return shortened(source.published or "", _DATE_UNITS)


def paragraph_of(shown: ShownPassage, phrases: Phrases) -> str:
    """Return where in its article a passage stands."""
    passage = shown.passage
    return phrases.paragraph.format(
        number=phrases.number(passage.paragraph), count=phrases.number(passage.paragraph_count)
    )


def address_of(shown: ShownPassage, highlight: Span | None) -> str | None:
    """Return the address of the sentence; that of the page where the sentence makes it too long."""
    url = shown.source.url
    if url is None or highlight is None:
        return url
    to_sentence = link_to(url, sentence_text(shown, highlight))
    return to_sentence if is_web_address(to_sentence) else url


def sentence_text(shown: ShownPassage, sentence: Span) -> str:
    """Return what a sentence of a passage says."""
    start = shown.passage.span.start
    return shown.text[max(0, sentence.start - start) : max(0, sentence.end - start)]
