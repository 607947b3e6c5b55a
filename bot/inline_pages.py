"""What is listed under what somebody types after the bot's name, page by page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from bot.cards import Remark, shelf_of
from bot.inline_cards import InlineItem, inline_item
from bot.nearest import nearest_passages
from bot.phrases import Phrases
from bot.shown import SourceEntry
from index.types import Answer

PAGE: Final = 10
"""Items on a page."""
MOST: Final = 50
"""Items on all pages: nobody reads so far, and each costs time."""
EXAMPLES: Final = 3
"""Example questions that are shown at once."""
WORTH_LISTING: Final = 0.05
"""The probability from which on a passage is listed beside a better one. Of 287 questions of two sets
none had its answer in one below, and lists of fifty became lists of eight."""
CACHE_SECONDS: Final = 10
"""How long Telegram may repeat a page: a rebuild is to be seen soon."""

_EXAMPLE_MARK: Final = "example-"
_RESULT_ID: Final = re.compile(rf"(?:{_EXAMPLE_MARK})?([0-9a-f]{{16}})")
_OFFSET: Final = re.compile(r"[1-9][0-9]?")
_START: Final = "inline"


@dataclass(frozen=True, slots=True)
class InlineButton:
    """The button above a list, which opens the private chat."""

    text: str
    start_parameter: str
    """What `/start` is given there."""


@dataclass(frozen=True, slots=True)
class InlinePage:
    """A page as it is sent."""

    items: tuple[InlineItem, ...] = ()
    next_offset: str = ""
    """What names the page after it; empty where there is none."""
    button: InlineButton | None = None
    cache_seconds: int = CACHE_SECONDS


@dataclass(frozen=True, slots=True)
class Example:
    """A question that the articles answer, to show what can be asked."""

    question: str
    answer: Answer
    """Has at least one passage."""


Offer: TypeAlias = Example | SourceEntry
"""What is listed where nothing is typed."""


def place_of(offset: str) -> int | None:
    """Return where in the whole list a page begins; None for an offset that no page was given."""
    if not offset:
        return 0
    place = int(offset) if _OFFSET.fullmatch(offset) else MOST
    return place if place < MOST and place % PAGE == 0 else None


def passages_wanted(place: int) -> int:
    """Return how many passages fill the page at a place, with one more to know whether there is a next."""
    return min(MOST, place + PAGE + 1)


def next_offset(place: int, count: int) -> str:
    """Return what names the page after the one at a place, in a list of so many items."""
    following = place + PAGE
    return str(following) if following < min(count, MOST) else ""


def answers_page(answer: Answer, question: str, place: int, phrases: Phrases) -> InlinePage:
    """Return the passages of an answer from a place on, most probable first, as far as they are worth it.

    Args:
        answer: What the question got, at least one passage.
        question: As it was typed.
        place: Where the page begins.
        phrases: The reader's language.
    """
    best, *others = answer.passages
    listed = replace(answer, passages=(best, *(each for each in others if each.probability >= WORTH_LISTING)))
    count = len(listed.passages)
    shown = range(place, min(place + PAGE, MOST, count))
    items = tuple(_passage_item(listed, at, question, phrases) for at in shown)
    return InlinePage(items, next_offset(place, count))


def declining_page(answer: Answer, question: str, question_key: str, phrases: Phrases) -> InlinePage:
    """Return that nothing was found, with the nearest passages below where they are worth a look.

    Args:
        answer: Does not answer.
        question: As it was typed.
        question_key: By which the private chat finds the question.
        phrases: The reader's language.
    """
    near = nearest_passages(answer)
    listed = replace(answer, passages=near)
    items = [_passage_item(listed, at, question, phrases, Remark.NEAR) for at in range(len(near))]
    return InlinePage(
        tuple(replace(item, title=phrases.perhaps.format(passage=item.title)) for item in items),
        button=InlineButton(phrases.inline_nothing_found, f"q_{question_key}"),
    )


def busy_page(phrases: Phrases) -> InlinePage:
    """Return that too many questions wait."""
    return InlinePage(button=InlineButton(phrases.inline_busy, _START), cache_seconds=0)


def offers_page(items: Sequence[InlineItem], place: int, count: int, phrases: Phrases) -> InlinePage:
    """Return what is listed where nothing is typed.

    Args:
        items: Those of the page.
        place: Where it begins.
        count: How many there are on all pages.
        phrases: The reader's language.
    """
    button = InlineButton(phrases.inline_ask, _START) if place == 0 else None
    return InlinePage(tuple(items), next_offset(place, count), button)


def offers(examples: Sequence[Example], entries: Sequence[SourceEntry], language: str) -> tuple[Offer, ...]:
    """Return the best examples, and then the articles, latest first; those without a date come last."""
    latest = sorted(entries, key=lambda entry: entry.source.published or "", reverse=True)
    listed: list[Offer] = [*best_examples(examples, language), *latest]
    return tuple(listed[:MOST])


def best_examples(examples: Sequence[Example], language: str) -> tuple[Example, ...]:
    """Return the few to show, answers in a language before others, no two answered by the same passage."""
    by_passage: dict[str, Example] = {}
    for example in examples:
        by_passage.setdefault(example.answer.passages[0].passage.passage_id, example)
    different = sorted(
        by_passage.values(), key=lambda each: each.answer.passages[0].source.language != language
    )
    return tuple(different[:EXAMPLES])


def example_item(example: Example, phrases: Phrases) -> InlineItem:
    """Return a question as an item; choosing it posts its answer."""
    item = inline_item(
        example.answer.passages[0], example.question, shelf_of(example.answer.passages, 0), phrases
    )
    return replace(
        item,
        result_id=f"{_EXAMPLE_MARK}{item.result_id}",
        title=example.question,
        description=item.title,
    )


def is_example(result_id: str) -> bool:
    """Return whether a chosen item is an example question."""
    return result_id.startswith(_EXAMPLE_MARK)


def chosen_passage(result_id: str) -> str | None:
    """Return the passage that a chosen item shows; None where it is not one of ours."""
    found = _RESULT_ID.fullmatch(result_id)
    return None if found is None else found[1]


def _passage_item(
    answer: Answer, place: int, question: str, phrases: Phrases, remark: Remark | None = None
) -> InlineItem:
    return inline_item(answer.passages[place], question, shelf_of(answer.passages, place), phrases, remark)
