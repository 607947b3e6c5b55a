"""How the queries that wait for one answer each get it: what is typed inline, and what a guest is asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from telegram import InlineQueryResultArticle, InputTextMessageContent
from telegram.constants import ParseMode
from telegram.error import BadRequest, RetryAfter, TelegramError

from bot.backoff import Backoff, retry_after_seconds
from bot.delivery import NO_PREVIEW
from bot.inline_cards import InlineItem
from bot.keyboards import keyboard
from bot.logs import EventLog
from bot.outcomes import Certainty, certainty_after

_log: Final = EventLog(__name__)

_EXPIRED: Final = "query is too old"
"""How Telegram begins to say that a query was answered, or not answered in time."""


def article(item: InlineItem) -> InlineQueryResultArticle:
    """Return an item as Telegram takes it."""
    content = InputTextMessageContent(
        item.card.html, parse_mode=ParseMode.HTML, link_preview_options=NO_PREVIEW
    )
    return InlineQueryResultArticle(
        item.result_id,
        item.title,
        content,
        reply_markup=keyboard(item.card),
        description=item.description or None,
    )


async def answer_query(answer: Callable[[], Awaitable[object]], *, patience_seconds: float) -> bool:
    """Answer a query, and return whether Telegram still wanted it.

    It may be tried any number of times: a second answer is refused as a late one is.

    Args:
        answer: The call that does it.
        patience_seconds: How long it is tried where Telegram cannot be reached.

    Raises:
        TelegramError: Telegram refused the answer itself, or could not be reached for too long.
    """
    backoff = Backoff(first_seconds=0.2)
    until = time.monotonic() + patience_seconds
    while True:
        try:
            await answer()
        except TelegramError as error:
            if isinstance(error, BadRequest) and _EXPIRED in error.message.lower():
                _log.debug("query_expired")
                return False
            wait = retry_after_seconds(error) if isinstance(error, RetryAfter) else backoff.next_seconds()
            if certainty_after(error) is Certainty.REFUSED or time.monotonic() + wait > until:
                raise
            await asyncio.sleep(wait)
        else:
            return True
