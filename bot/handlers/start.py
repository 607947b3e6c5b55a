"""How the bot introduces itself: /start with its links, /help, /sources and /settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any, Final

from telegram import Message, Update
from telegram.ext import BaseHandler, CallbackContext, CallbackQueryHandler, CommandHandler, filters

from bot.answering import BusyError, TooSlowError
from bot.callback_data import ExamplePress, unpack
from bot.cards import Card, passage_card, text_card
from bot.good_examples import GoodExamples
from bot.handlers.messages import is_private
from bot.handlers.navigation import answer_press
from bot.handlers.replies import Asked, Replies
from bot.languages_of_chats import phrases_in
from bot.listing_cards import settings_card, sources_card, welcome_card
from bot.parts import Parts
from bot.phrases import Phrases

_PASSAGE: Final = re.compile(r"s_([0-9a-f]{16})")
_KEPT_QUESTION: Final = re.compile(r"q_([A-Za-z0-9_-]{1,62})")

_Context = CallbackContext[Any, Any, Any, Any]
_Callback = Callable[[Update, _Context], Coroutine[Any, Any, None]]


def handlers(parts: Parts, replies: Replies, examples: GoodExamples) -> list[BaseHandler[Any, Any, Any]]:
    """Return the handlers of the commands that are for everybody, but for /ask, and of example questions."""

    async def on_start(update: Update, context: _Context) -> None:
        message = update.message
        if message is None:
            return
        payload = context.args[0] if context.args else ""
        if not is_private(message):
            await say(update, context, lambda phrases: text_card(phrases.group_welcome))
        elif found := _PASSAGE.fullmatch(payload):
            await open_passage(update, context, found[1])
        elif not await answer_kept(update, context, message, payload):
            found_examples = await examples.find()
            await say(update, context, lambda phrases: welcome_card(found_examples, phrases))

    async def on_example(update: Update, context: _Context) -> None:
        query = update.callback_query
        press = None if query is None or query.data is None else unpack(query.data)
        if query is None or not isinstance(press, ExamplePress):
            return
        question = await examples.by_name(press.name)
        if question is None or not isinstance(query.message, Message):
            await answer_press(query, (await phrases_in(parts.store, update)).button_unknown)
            return
        await answer_press(query)
        asked = Asked(
            question, update, query.message, query.message, is_unseen=True, asker_id=query.from_user.id
        )
        await replies.answer(asked, context.bot)

    async def open_passage(update: Update, context: _Context, passage_id: str) -> None:
        shown = await parts.answering.passage(passage_id)
        await say(
            update,
            context,
            lambda phrases: (
                text_card(phrases.passage_gone) if shown is None else passage_card(shown, phrases)
            ),
        )

    async def answer_kept(update: Update, context: _Context, message: Message, payload: str) -> bool:
        """Answer the question that a link came with; return whether there is one."""
        key = _KEPT_QUESTION.fullmatch(payload)
        question = await parts.store.kept_question(key[1]) if key is not None else None
        if not question:
            return False
        await replies.answer(Asked(question, update, message, message, is_unseen=True), context.bot)
        return True

    async def on_help(update: Update, context: _Context) -> None:
        username = parts.identity.username
        await say(update, context, lambda phrases: text_card(phrases.help.format(bot=username)))

    async def on_sources(update: Update, context: _Context) -> None:
        entries = await parts.answering.sources()
        await say(update, context, lambda phrases: sources_card(entries, 0, phrases))

    async def on_settings(update: Update, context: _Context) -> None:
        await say(update, context, settings_card)

    async def say(update: Update, context: _Context, card: Callable[[Phrases], Card]) -> None:
        if update.message is not None:
            phrases = await phrases_in(parts.store, update)
            await replies.say(update, context.bot, update.message, card(phrases))

    def with_patience(callback: _Callback) -> _Callback:
        """Return a callback that says so where the articles cannot be read in time."""

        async def patient(update: Update, context: _Context) -> None:
            try:
                await callback(update, context)
            except BusyError:
                await say(update, context, lambda phrases: text_card(phrases.busy))
            except TooSlowError:
                await say(update, context, lambda phrases: text_card(phrases.too_slow))

        return patient

    commands = {"start": on_start, "help": on_help, "sources": on_sources, "settings": on_settings}
    return [
        CommandHandler(name, with_patience(callback), filters.UpdateType.MESSAGE)
        for name, callback in commands.items()
    ] + [CallbackQueryHandler(on_example, pattern=_is_example)]


def _is_example(data: object) -> bool:
    return isinstance(data, str) and isinstance(unpack(data), ExamplePress)
