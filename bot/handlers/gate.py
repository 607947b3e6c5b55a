"""Turns away whom the settings do not name: politely once in private, silently elsewhere."""

from __future__ import annotations

from typing import Any, Final

from telegram import Message, MessageEntity, Update
from telegram.constants import ChatType
from telegram.error import TelegramError
from telegram.ext import ApplicationHandlerStop, BaseHandler, CallbackContext, TypeHandler

from bot.access import is_answered
from bot.cards import text_card
from bot.delivery import SendKey
from bot.handlers.navigation import answer_press
from bot.languages_of_chats import phrases_in
from bot.logs import EventLog
from bot.parts import Parts
from bot.remembered import Remembered

_log: Final = EventLog(__name__)

_MOST_TOLD: Final = 10_000
_CLAIM: Final = "/claim"


def handlers(parts: Parts) -> list[BaseHandler[Any, Any, Any]]:
    """Return what comes before all other handlers, and ends an update that is not to be answered.

    Inline queries and guests' messages pass: what answers those asks `is_answered` itself.
    """
    told: Remembered[int, bool] = Remembered(_MOST_TOLD)

    async def on_update(update: Update, context: CallbackContext[Any, Any, Any, Any]) -> None:
        place = _place(update)
        if place is None or await is_answered(parts.settings, parts.store, place):
            return
        if update.message is not None and place > 0 and _claims(update.message, parts.identity.username):
            return
        phrases = await phrases_in(parts.store, update)
        if update.callback_query is not None:
            await answer_press(update.callback_query, phrases.chat_refused)
        elif (
            update.message is not None
            and update.message.chat.type == ChatType.PRIVATE
            and told.get(place) is None
        ):
            key = SendKey(update.update_id)
            try:
                await parts.delivery.send(context.bot, key, place, text_card(phrases.chat_refused))
            except TelegramError as error:
                _log.warning("refusal_not_told", error=error)
            told.put(place, True)
        raise ApplicationHandlerStop

    return [] if parts.settings.allowed_chats is None else [TypeHandler(Update, on_update)]


def _claims(message: Message, username: str) -> bool:
    """Return whether a message is the command by which one becomes an admin, as its handler sees it."""
    first = next(iter(message.entities), None)
    if first is None or first.type != MessageEntity.BOT_COMMAND or first.offset:
        return False
    return message.parse_entity(first).lower() in (_CLAIM, f"{_CLAIM}@{username.lower()}")


def _place(update: Update) -> int | None:
    """Return the chat that an update comes from, or the person where the bot is not told of a chat."""
    if update.inline_query is not None or update.chosen_inline_result is not None:
        return None
    if update.guest_message is not None:
        return None
    if update.effective_chat is not None:
        return update.effective_chat.id
    return None if update.effective_user is None else update.effective_user.id
