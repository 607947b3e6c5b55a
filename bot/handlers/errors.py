"""What happens where a handler fails: it is logged with a reference, and the person is told that.

Where it could not reach the state nobody is told: the update is handled again when that is back.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Coroutine
from typing import Any, Final

from telegram import Bot, Message, Update
from telegram.error import TelegramError
from telegram.ext import ApplicationHandlerStop, CallbackContext

from bot.cards import text_card
from bot.delivery import SendKey
from bot.handlers.queries import answer_query, article
from bot.inline_cards import InlineItem
from bot.languages_of_chats import phrases_in
from bot.logs import EventLog
from bot.outcomes import is_nobody_there
from bot.parts import Parts
from bot.store_faults import StoreError

_log: Final = EventLog(__name__)

_ORDINAL: Final = 1_000
"""The place of this message among those that answer an update: after all others."""

_GUEST_PATIENCE_SECONDS: Final = 20.0
"""How long telling a guest is tried to get through."""

_RESULT_ID: Final = "failed"

ErrorHandler = Callable[[object, CallbackContext[Any, Any, Any, Any]], Coroutine[Any, Any, None]]


def error_handler(parts: Parts) -> ErrorHandler:
    """Return the one handler of what the others raise."""

    async def on_error(update: object, context: CallbackContext[Any, Any, Any, Any]) -> None:
        """Log first, then tell the person: at the button that was pressed, or in a message.

        Raises:
            ApplicationHandlerStop: Always; what a handler did not let pass must not reach the others.
        """
        is_again = isinstance(context.error, StoreError) and _is_handled_again(
            parts, update, context, context.error
        )
        if not is_again:
            await log_and_tell(update, context)
        raise ApplicationHandlerStop

    async def log_and_tell(update: object, context: CallbackContext[Any, Any, Any, Any]) -> None:
        reference = secrets.token_hex(3)
        update_id = update.update_id if isinstance(update, Update) else None
        _log.error("handler_failed", reference=reference, update_id=update_id, error=context.error)
        if not isinstance(update, Update):
            return
        if isinstance(context.error, TelegramError) and is_nobody_there(context.error):
            return
        try:
            await _tell(parts, update, context, reference)
        except TelegramError as error:
            _log.warning("error_not_told", reference=reference, error=error)
        except StoreError as error:
            if not _is_handled_again(parts, update, context, error):
                _log.warning("error_not_told", reference=reference, error=error)

    return on_error


def _is_handled_again(
    parts: Parts, update: object, context: CallbackContext[Any, Any, Any, Any], error: StoreError
) -> bool:
    return parts.processor.handle_again(error, lambda: context.application.process_update(update))


async def _tell(
    parts: Parts, update: Update, context: CallbackContext[Any, Any, Any, Any], reference: str
) -> None:
    phrases = await phrases_in(parts.store, update)
    text = phrases.failed.format(reference=reference)
    message = update.effective_message
    if update.callback_query is not None:
        await update.callback_query.answer(text, show_alert=True)
    elif update.guest_message is not None:
        await _tell_guest(update.guest_message, context.bot, text)
    elif message is not None:
        await parts.delivery.send(
            context.bot,
            SendKey(update.update_id, _ORDINAL),
            message.chat_id,
            text_card(text),
            reply_to=message.message_id,
            thread_id=message.message_thread_id if message.is_topic_message else None,
        )


async def _tell_guest(message: Message, bot: Bot, text: str) -> None:
    """Tell it where the bot was called as a guest, unless that call has its answer already."""
    query_id = message.guest_query_id
    if query_id is not None:
        result = article(InlineItem(_RESULT_ID, text, "", text_card(text)))
        await answer_query(
            lambda: bot.answer_guest_query(query_id, result), patience_seconds=_GUEST_PATIENCE_SECONDS
        )
