"""What is offered while somebody types after the bot's name, and the card that a choice posts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.callback_data import Shelf
from bot.cards import Above, Card, Remark, passage_card, shown_card, telling_line
from bot.phrases import Phrases
from bot.shown import ShownPassage
from bot.source_lines import date_of, title_of
from bot.telegram_html import shortened
from index.types import RankedPassage

_TITLE_UNITS: Final = 160
_DESCRIPTION_UNITS: Final = 160


@dataclass(frozen=True, slots=True)
class InlineItem:
    """One line of the list."""

    result_id: str
    """The passage's id, so that a choice tells which it was."""
    title: str
    description: str
    card: Card
    """What is posted."""


def inline_item(
    ranked: RankedPassage, question: str, shelf: Shelf, phrases: Phrases, remark: Remark | None = None
) -> InlineItem:
    """Return a passage as an item: its answering sentence, the article and date, the question in its card.

    Args:
        ranked: The passage.
        question: What was typed.
        shelf: What its buttons lead through; the passage is at its place.
        phrases: The reader's language.
        remark: Said above the question.
    """
    shown = ShownPassage(ranked.passage, ranked.source, ranked.text)
    return InlineItem(
        ranked.passage.passage_id,
        shortened(telling_line(ranked), _TITLE_UNITS) or title_of(ranked.source, phrases),
        _description(shown, phrases),
        shown_card(shelf, shown, phrases, above=Above(question, remark)),
    )


def article_item(shown: ShownPassage, phrases: Phrases) -> InlineItem:
    """Return an article as an item, for when nothing was typed: its title and date, and how it begins."""
    return InlineItem(
        shown.passage.passage_id,
        title_of(shown.source, phrases),
        " · ".join(filter(None, (date_of(shown.source), shortened(shown.text, _DESCRIPTION_UNITS)))),
        passage_card(shown, phrases),
    )


def _description(shown: ShownPassage, phrases: Phrases) -> str:
    return " · ".join(filter(None, (title_of(shown.source, phrases), date_of(shown.source))))
