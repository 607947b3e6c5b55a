"""Inline: a list under whatever is typed after the bot's name, and what was chosen from it."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from telegram import InlineQuery, InlineQueryResultsButton, Update
from telegram.ext import BaseHandler, CallbackContext, ChosenInlineResultHandler, InlineQueryHandler

from bot.access import is_answered
from bot.good_examples import GoodExamples
from bot.handlers.queries import answer_query, article
from bot.inline_answers import InlineAnswers
from bot.inline_pages import InlinePage, chosen_passage, is_example
from bot.languages_of_chats import phrases_in
from bot.parts import Parts
from index.cleaning import clean_question, is_searchable

_PATIENCE_SECONDS: Final = 2.0
"""How long an answer is tried to get through; whoever waits for longer types again."""

_Context = CallbackContext[Any, Any, Any, Any]


def handlers(parts: Parts, examples: GoodExamples) -> list[BaseHandler[Any, Any, Any]]:
    """Return the handlers of what is typed and of what is chosen."""
    answers = InlineAnswers(parts.answering, parts.store, examples)

    async def on_query(update: Update, _: _Context) -> None:
        query = update.inline_query
        if query is None:
            return
        page = await _page(parts, answers, update, query)
        # Whoever typed on meanwhile is not shown what they asked before.
        if not parts.processor.is_superseded(update):
            await answer_query(lambda: _send(query, page), patience_seconds=_PATIENCE_SECONDS)

    async def on_choice(update: Update, _: _Context) -> None:
        chosen = update.chosen_inline_result
        passage_id = None if chosen is None else chosen_passage(chosen.result_id)
        if chosen is None or passage_id is None:
            return
        await parts.store.count_chosen(passage_id)
        question = clean_question(chosen.query)
        if is_example(chosen.result_id):
            question = await examples.by_passage(passage_id) or ""
        # What is typed does not come with the presses on the message's buttons; here it does.
        if chosen.inline_message_id is not None and is_searchable(question):
            await parts.store.keep_question_of(chosen.inline_message_id, question)

    return [InlineQueryHandler(on_query), ChosenInlineResultHandler(on_choice)]


async def _page(parts: Parts, answers: InlineAnswers, update: Update, query: InlineQuery) -> InlinePage:
    """Return what a person is shown: nothing where the bot is not for them."""
    if not await is_answered(parts.settings, parts.store, query.from_user.id):
        return InlinePage()
    phrases = asyncio.create_task(phrases_in(parts.store, update), name="language")
    return await answers.page(query.query, query.offset, phrases)


async def _send(query: InlineQuery, page: InlinePage) -> None:
    button = page.button
    await query.answer(
        [article(item) for item in page.items],
        cache_time=page.cache_seconds,
        # Always: what one may read another may not, and each reads it in their own language.
        is_personal=True,
        next_offset=page.next_offset,
        button=None
        if button is None
        else InlineQueryResultsButton(button.text, start_parameter=button.start_parameter),
    )
