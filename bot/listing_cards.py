"""The welcome with its examples, the list of articles, page by page, and the choice of a language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.callback_data import ExamplePress, LanguagePress, OpenPress, SourcesPress, pack
from bot.cards import BUTTON_UNITS, Button, Card, text_card
from bot.good_examples import name_of
from bot.inline_pages import Example, best_examples
from bot.phrases import LANGUAGES, Phrases, phrases_for
from bot.shown import SourceEntry
from bot.source_lines import date_of, title_of
from bot.telegram_html import Html, lines, link, plain, shortened

PAGE: Final = 10
"""Articles on a page."""

_A_ROW: Final = 5
_AUTHOR_UNITS: Final = 60


def welcome_card(examples: Sequence[Example], phrases: Phrases) -> Card:
    """Return how the bot introduces itself, with a button for each of the best examples."""
    shown = best_examples(examples, phrases.code)
    if not shown:
        return text_card(phrases.welcome)
    buttons = (
        Button(
            shortened(each.question, BUTTON_UNITS), callback_data=pack(ExamplePress(name_of(each.question)))
        )
        for each in shown
    )
    return text_card(f"{phrases.welcome}\n\n{phrases.welcome_examples}", _rows(tuple(buttons), 1))


def sources_card(entries: Sequence[SourceEntry], offset: int, phrases: Phrases) -> Card:
    """Return the page of the list that holds the article at an offset; the last page beyond the end.

    Args:
        entries: All articles.
        offset: From 0.
        phrases: The reader's language.
    """
    if not entries:
        return text_card(phrases.no_sources)
    first = min(max(0, offset), len(entries) - 1) // PAGE * PAGE
    page = entries[first : first + PAGE]
    heading = phrases.sources.format(
        first=phrases.number(first + 1),
        last=phrases.number(first + len(page)),
        count=phrases.number(len(entries)),
    )
    listed = [_line(number, entry, phrases) for number, entry in enumerate(page, start=first + 1)]
    html = lines(plain(heading + "\n"), *listed, plain(f"\n{phrases.sources_hint}"))
    return Card(html.source, _buttons(page, first, len(entries)))


def settings_card(phrases: Phrases) -> Card:
    """Return which language is spoken, with a button for each that can be."""
    buttons = (Button(phrases_for(code).name, callback_data=pack(LanguagePress(code))) for code in LANGUAGES)
    return text_card(phrases.settings.format(language=phrases.name), _rows(tuple(buttons), 3))


def _line(number: int, entry: SourceEntry, phrases: Phrases) -> Html:
    source = entry.source
    details = [shortened(source.author or "", _AUTHOR_UNITS), date_of(source)]
    return (
        plain(f"{number}. ")
        + link(plain(title_of(source, phrases)), source.url)
        + plain("".join(f" · {detail}" for detail in details if detail))
    )


def _buttons(page: Sequence[SourceEntry], first: int, count: int) -> tuple[tuple[Button, ...], ...]:
    numbers = tuple(
        Button(str(number), callback_data=pack(OpenPress(entry.first_passage_id)))
        for number, entry in enumerate(page, start=first + 1)
    )
    turning = []
    if first > 0:
        turning.append(Button("◀", callback_data=pack(SourcesPress(first - PAGE))))
    if first + PAGE < count:
        turning.append(Button("▶", callback_data=pack(SourcesPress(first + PAGE))))
    return (*_rows(numbers, _A_ROW), *([tuple(turning)] if turning else []))


def _rows(buttons: tuple[Button, ...], width: int) -> tuple[tuple[Button, ...], ...]:
    return tuple(buttons[start : start + width] for start in range(0, len(buttons), width))
