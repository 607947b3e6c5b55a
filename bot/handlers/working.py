"""Shows that the bot is at work, where that takes longer than a moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from telegram import Bot, Message
from telegram.constants import ChatAction, ChatType
from telegram.error import TelegramError

FIRST_SECONDS: Final = 1.0
"""After how long "typing" is shown: nearly all answers are there sooner, and where a crowd waits, a call for
each of its questions would take the time of every third answer."""

_AGAIN_SECONDS: Final = 4.0
"""Clients show "typing" for 5 s."""


@asynccontextmanager
async def typing_shown(bot: Bot, message: Message) -> AsyncIterator[None]:
    """Show "typing" where a message stands until the block ends, which neither waits for it nor fails by it.

    It is shown from `FIRST_SECONDS` on, and in channels never: they show no such thing.
    """
    if message.chat.type == ChatType.CHANNEL:
        yield
        return
    task = asyncio.create_task(_show(bot, message), name="typing")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _show(bot: Bot, message: Message) -> None:
    thread_id = message.message_thread_id if message.is_topic_message else None
    await asyncio.sleep(FIRST_SECONDS)
    try:
        while True:
            await bot.send_chat_action(message.chat_id, ChatAction.TYPING, message_thread_id=thread_id)
            await asyncio.sleep(_AGAIN_SECONDS)
    except TelegramError:
        # The answer is what counts; whether it can be sent, its own call will tell.
        return
