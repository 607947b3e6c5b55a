"""An update on its way to the handlers, whichever way it came: as the inbox takes it, and out of there."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from telegram import Bot, Update

from bot.dispatch import ChatOrderProcessor, chat_key_of
from bot.logs import EventLog
from bot.store_records import IncomingUpdate

_log: Final = EventLog(__name__)

UPDATES_WANTED: Final = (
    Update.MESSAGE,
    Update.EDITED_MESSAGE,
    Update.CHANNEL_POST,
    Update.EDITED_CHANNEL_POST,
    Update.INLINE_QUERY,
    Update.CHOSEN_INLINE_RESULT,
    Update.CALLBACK_QUERY,
    Update.MY_CHAT_MEMBER,
    Update.GUEST_MESSAGE,
)
"""What Telegram is asked to send, by polling as by a webhook."""

_KEY: Final = re.compile(r"[a-z_]{1,40}")
_KEYS_TOLD: Final = 12

_PARSING_ERRORS: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What reading an update may raise where it is not what it should be; the first is a date out of range."""


class Inbox(Protocol):
    """Where updates are before anybody is told that they came: this process's own, or shared by several."""

    async def take_in(self, updates: Sequence[IncomingUpdate]) -> Sequence[IncomingUpdate]:
        """Write updates down, and return those that the caller is to hand over.

        Raises:
            StoreError: They could not be written down.
        """
        ...

    async def pending(self) -> Sequence[IncomingUpdate]:
        """Return what an earlier process left that the caller is to hand over.

        Raises:
            StoreError: The state could not be read.
        """
        ...

    async def mark_done(self, update_id: int) -> None:
        """Note that nothing is left to do for an update.

        Raises:
            StoreError: The state could not be written.
        """
        ...


class HandingOver:
    """Puts updates where the handlers take them from, as soon as there is room."""

    def __init__(
        self, bot: Bot, inbox: Inbox, processor: ChatOrderProcessor, queue: asyncio.Queue[object]
    ) -> None:
        """Take the parts.

        Args:
            bot: Whose updates.
            inbox: Where those are marked done that cannot be read.
            processor: Says when there is room.
            queue: Where the application takes updates from.
        """
        self._bot = bot
        self._inbox = inbox
        self._processor = processor
        self._queue = queue

    async def hand_over(self, incoming: IncomingUpdate, *, left_over: bool = False) -> None:
        """Hand one update over, or skip it where it is unreadable.

        Args:
            incoming: Which is in the inbox.
            left_over: Whether an earlier process may have died of it.

        Raises:
            StoreError: It is unreadable, and that could not be written down.
        """
        raw = json.loads(incoming.payload)
        try:
            update = Update.de_json(raw, self._bot)
        except _PARSING_ERRORS as error:
            kinds = {key: type(value).__name__ for key, value in raw.items() if _KEY.fullmatch(key)}
            told = sorted(f"{key}:{kind}" for key, kind in kinds.items())[:_KEYS_TOLD]
            _log.error("update_skipped", update_id=incoming.update_id, holds=",".join(told), error=error)
            await self._inbox.mark_done(incoming.update_id)
            return
        await self._processor.let_in(incoming.update_id, incoming.chat_key, left_over=left_over)
        await self._queue.put(update)

    async def resume(self) -> None:
        """Hand over what an earlier process left behind.

        Raises:
            StoreError: The state could not be read.
        """
        left = await self._inbox.pending()
        if left:
            _log.info("inbox_resumed", updates=len(left))
        for incoming in left:
            await self.hand_over(incoming, left_over=True)


def incoming_updates(received: Sequence[object]) -> list[IncomingUpdate]:
    """Return updates, as JSON, as the inbox takes them; what has no number is logged and left out.

    It could neither be acknowledged nor kept.
    """
    incoming = []
    for each in received:
        update_id = each.get("update_id") if isinstance(each, Mapping) else None
        if not isinstance(each, Mapping) or type(update_id) is not int or update_id.bit_length() > 63:
            _log.error("update_without_number", kind=type(each).__name__)
            continue
        incoming.append(IncomingUpdate(update_id, chat_key_of(each), json.dumps(each)))
    return incoming
