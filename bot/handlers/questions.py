"""Questions: any text in private, and elsewhere what is spoken to the bot."""

from __future__ import annotations

from typing import Any, Final

from telegram import Message, Update
from telegram.ext import BaseHandler, CallbackContext, MessageHandler, filters

from bot.cards import text_card
from bot.handlers.messages import (
    is_edited,
    is_private,
    is_worth_hearing,
    message_of,
    replied_message,
    text_of,
)
from bot.handlers.replies import Asked, Replies
from bot.languages_of_chats import phrases_in
from bot.parts import Parts
from bot.remembered import Remembered
from bot.speaking import Said, Spoken, is_other_command, spoken, without_address
from bot.store import Store

_MOST_ALBUMS: Final = 1_000
_MESSAGES = filters.UpdateType.MESSAGES | filters.UpdateType.CHANNEL_POSTS


def handlers(parts: Parts, replies: Replies) -> list[BaseHandler[Any, Any, Any]]:
    """Return the handler of every message that no other handler takes."""
    bot_id, username = parts.identity.bot_id, parts.identity.username
    albums: Remembered[tuple[int, str], int] = Remembered(_MOST_ALBUMS)

    def is_of_known_album(update: Update, message: Message) -> bool:
        """Return whether another picture of the same album came before."""
        if message.media_group_id is None:
            return False
        album = (message.chat_id, message.media_group_id)
        first = albums.get(album)
        if first is None:
            albums.put(album, update.update_id)
        # An update may be handled again.
        return first not in (None, update.update_id)

    async def on_message(update: Update, context: CallbackContext[Any, Any, Any, Any]) -> None:
        message = message_of(update)
        if message is None or not is_worth_hearing(message, bot_id):
            return
        is_known_album = is_of_known_album(update, message)
        text = text_of(message)
        asked = spoken(await _said(parts.store, message, bot_id), username) if text else None
        if asked is None and text and is_edited(update) and not is_private(message):
            asked = await _asked_before(parts, message, text)
        if asked is not None and asked.question:
            replied = replied_message(message)
            stands_in = replied if asked.is_replied_text and replied is not None else message
            to_answer = Asked(asked.question, update, message, stands_in, is_called=asked.is_called)
            await replies.answer(to_answer, context.bot)
            return
        told = await _told(parts, update, message, asked)
        if told is not None and not is_known_album:
            await replies.say(update, context.bot, message, text_card(told))

    return [MessageHandler(_MESSAGES, on_message)]


async def _said(store: Store, message: Message, bot_id: int) -> Said:
    replied = replied_message(message)
    if replied is None:
        return Said(text_of(message), is_private(message), answers_bot=False)
    sender = replied.from_user
    # In channels the bot's messages are the channel's.
    ours = (sender is not None and sender.id == bot_id) or await store.is_answer(
        message.chat_id, replied.message_id
    )
    if ours:
        return Said(text_of(message), is_private(message), answers_bot=True)
    quoted = message.quote.text if message.quote is not None and message.quote.is_manual else None
    return Said(
        text_of(message), is_private(message), answers_bot=False, replied_text=quoted or text_of(replied)
    )


async def _asked_before(parts: Parts, message: Message, text: str) -> Spoken | None:
    """Return the question of a message that is not spoken to the bot any more and has an answer."""
    if await parts.store.answer_to(message.chat_id, message.message_id) is None:
        return None
    return Spoken(without_address(text, parts.identity.username))


async def _told(parts: Parts, update: Update, message: Message, asked: Spoken | None) -> str | None:
    """Return what to say to a message without a question; None for nothing."""
    phrases = await phrases_in(parts.store, update)
    if asked is not None:
        return phrases.ask_usage
    if not is_private(message):
        return None
    text = text_of(message)
    if is_other_command(text, parts.identity.username):
        return phrases.help.format(bot=parts.identity.username)
    is_content = message.effective_attachment is not None
    return phrases.only_text if is_content and not text and not is_edited(update) else None
