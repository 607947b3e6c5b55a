"""Finds what belongs on the page under what somebody types: the first look answers, as fast as typing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from bot.answering import BusyError, TooSlowError
from bot.good_examples import GoodExamples
from bot.inline_cache import InlineCache
from bot.inline_cards import InlineItem, article_item
from bot.inline_pages import (
    PAGE,
    Example,
    InlinePage,
    Offer,
    answers_page,
    busy_page,
    declining_page,
    example_item,
    offers,
    offers_page,
    passages_wanted,
    place_of,
)
from bot.phrases import Phrases
from index.cleaning import clean_question, is_searchable
from index.types import Answer

if TYPE_CHECKING:
    from bot.answering import Answering
    from bot.store import Store


class InlineAnswers:
    """Gives each query its page. It belongs to one event loop."""

    def __init__(self, answering: Answering, store: Store, examples: GoodExamples) -> None:
        """Take what answers, what keeps a question for the private chat, and the example questions."""
        self._answering = answering
        self._store = store
        self._examples = examples
        self._cache = InlineCache()

    async def page(self, query: str, offset: str, phrases: Awaitable[Phrases]) -> InlinePage:
        """Return a page; an empty one for an offset that was never given.

        Args:
            query: What is typed; without a letter or digit in it, it is as nothing.
            offset: Which page; empty for the first.
            phrases: The reader's language, which may be on its way while the answer is found.

        Raises:
            FootnoteError: The articles or the state cannot be read.
        """
        place = place_of(offset)
        if place is None:
            return InlinePage()
        question = clean_question(query)
        try:
            if not is_searchable(question):
                return await self._offers_page(place, await phrases)
            answer = await self._answer(question, passages_wanted(place))
        except (BusyError, TooSlowError):
            return busy_page(await phrases)
        if answer.answered:
            return answers_page(answer, question, place, await phrases)
        if place:
            return InlinePage()
        key = await self._store.keep_question(question)
        return declining_page(answer, question, key, await phrases)

    async def _answer(self, question: str, top_k: int) -> Answer:
        answer = self._cache.find(self._answering.generation.name, question, top_k)
        if answer is None:
            answer = await self._answering.ask(question, top_k=top_k, second_look=False)
            self._cache.keep(question, top_k, answer)
        return answer

    async def _offers_page(self, place: int, phrases: Phrases) -> InlinePage:
        entries = await self._answering.sources()
        listed = offers(await self._examples.find(), entries, phrases.code)
        shown = await asyncio.gather(*(self._item(offer, phrases) for offer in listed[place : place + PAGE]))
        return offers_page([item for item in shown if item is not None], place, len(listed), phrases)

    async def _item(self, offer: Offer, phrases: Phrases) -> InlineItem | None:
        """Return an offer as an item; None for an article that went away meanwhile."""
        if isinstance(offer, Example):
            return example_item(offer, phrases)
        shown = await self._answering.passage(offer.first_passage_id)
        return None if shown is None else article_item(shown, phrases)
