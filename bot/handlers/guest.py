"""Guest mode: the bot is called into a chat that it has not joined, and answers once, with one card."""

from __future__ import annotations

from typing import Any, Final

from telegram import Message, Update
from telegram.ext import BaseHandler, CallbackContext, MessageHandler, filters

from bot.access import is_answered
from bot.answering import BusyError, TooSlowError
from bot.cards import declining_card, shelf_of, text_card
from bot.gaps import record_gap
from bot.handlers.messages import replied_message, text_of, told_language
from bot.handlers.queries import answer_query, article
from bot.inline_cards import InlineItem, inline_item
from bot.languages_of_chats import phrases_in
from bot.other_languages import language_hint
from bot.parts import Parts
from bot.small_talk import reply_without_search
from bot.speaking import Said, spoken, without_address
from index.cleaning import clean_question

_PATIENCE_SECONDS: Final = 20.0
"""How long an answer is tried to get through."""

_NO_PASSAGE: Final = "no-passage"
"""The name of a result that shows no passage."""

_Context = CallbackContext[Any, Any, Any, Any]


def handlers(parts: Parts) -> list[BaseHandler[Any, Any, Any]]:
    """Return the handler of messages that call the bot as a guest."""

    async def on_guest(update: Update, context: _Context) -> None:
        message = update.guest_message
        query_id = None if message is None else message.guest_query_id
        if message is None or query_id is None or not await _is_for(parts, message):
            return
        result = article(await _item(parts, update, message))
        await answer_query(
            lambda: context.bot.answer_guest_query(query_id, result), patience_seconds=_PATIENCE_SECONDS
        )

    return [MessageHandler(filters.UpdateType.GUEST_MESSAGE, on_guest)]


async def _is_for(parts: Parts, message: Message) -> bool:
    """Return whether the chat, or whoever calls the bot there, is answered."""
    places = [message.chat_id, *([message.from_user.id] if message.from_user is not None else [])]
    for place in places:
        if await is_answered(parts.settings, parts.store, place):
            return True
    return False


async def _item(parts: Parts, update: Update, message: Message) -> InlineItem:
    phrases = await phrases_in(parts.store, update)
    question = _question(message, parts.identity.username)
    said = reply_without_search(question, phrases, parts.identity.username)
    if said is not None:
        return _saying(said)
    try:
        answer = await parts.answering.ask(question)
    except BusyError:
        return _saying(phrases.busy)
    except TooSlowError:
        return _saying(phrases.too_slow)
    if answer.answered:
        return inline_item(answer.passages[0], question, shelf_of(answer.passages, 0), phrases)
    told = told_language(update)
    await record_gap(parts, question, answer, told)
    hint = await language_hint(parts, question, told, phrases)
    return InlineItem(_NO_PASSAGE, phrases.declining, "", declining_card(answer, phrases, hint=hint))


def _question(message: Message, username: str) -> str:
    """Return what the bot is asked: beside its name, else in the message that is replied to."""
    replied = replied_message(message)
    said = Said(
        text_of(message),
        is_private=False,
        answers_bot=True,
        replied_text=None if replied is None else text_of(replied),
    )
    asked = spoken(said, username)
    return clean_question(without_address(said.text, username) if asked is None else asked.question)


def _saying(text: str) -> InlineItem:
    return InlineItem(_NO_PASSAGE, text, "", text_card(text))
