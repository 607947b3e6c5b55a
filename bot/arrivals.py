"""An update on its way to the handlers, whichever way it came: as the inbox takes it, and out of there."""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from telegram import Bot, Update

from bot.backoff import Backoff
from bot.dispatch import ChatOrderProcessor
from bot.logs import EventLog
from bot.store_faults import StoreError
from bot.store_records import IncomingUpdate
from bot.update_contents import chat_key_of

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

ASIDE_AT_MOST: Final = 100_000
"""Updates that wait in the inbox for others of their chat; where there are more, none is taken in. Of each
only the number is in memory, with a place in a queue some 100 bytes."""

_PAGE: Final = 256
"""Updates of an earlier process that are in memory at once."""

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

    async def pending(self, *, after: int | None = None, most: int | None = None) -> Sequence[IncomingUpdate]:
        """Return what an earlier process left that the caller is to hand over.

        Args:
            after: The update that those returned came after; None for all.
            most: How many at most, the first of them; None for all.

        Raises:
            StoreError: The state could not be read.
        """
        ...

    async def pending_update(self, update_id: int) -> IncomingUpdate | None:
        """Return an update that was taken in; None where nothing is left to do for it.

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


@dataclass(frozen=True, slots=True)
class _Aside:
    """An update that waits in the inbox for others of its chat."""

    update_id: int
    left_over: bool


class HandingOver:
    """Puts updates where the handlers take them from, as soon as there is room.

    What comes of a chat that is full is set aside: it waits in the inbox, and follows in order as others of
    its chat are done, until `aclose`.
    """

    def __init__(
        self,
        bot: Bot,
        inbox: Inbox,
        processor: ChatOrderProcessor,
        queue: asyncio.Queue[object],
        *,
        aside_at_most: int = ASIDE_AT_MOST,
    ) -> None:
        """Take the parts.

        Args:
            bot: Whose updates.
            inbox: Where those are marked done that cannot be read, and read that were set aside.
            processor: Says when there is room.
            queue: Where the application takes updates from.
            aside_at_most: How many updates are set aside, of all chats together.
        """
        self._bot = bot
        self._inbox = inbox
        self._processor = processor
        self._queue = queue
        self._places_aside = asyncio.Semaphore(aside_at_most)
        self._aside: dict[str, deque[_Aside]] = {}
        self._following: set[asyncio.Task[None]] = set()

    async def hand_over(self, incoming: IncomingUpdate, *, left_over: bool = False) -> None:
        """Hand one update over, set it aside where its chat is full, or skip it where it is unreadable.

        Args:
            incoming: Which is in the inbox.
            left_over: Whether an earlier process may have died of it.
        """
        if incoming.chat_key not in self._aside and not self._processor.is_full(incoming.chat_key):
            try:
                await self._put(incoming, left_over=left_over)
            except StoreError as error:
                # It is unreadable, and what is set aside is tried again.
                _log.error("not_marked_done", error=error)
            else:
                return
        await self._set_aside(incoming.chat_key, _Aside(incoming.update_id, left_over))

    async def resume(self) -> None:
        """Hand over what an earlier process left behind.

        Raises:
            StoreError: The state could not be read.
        """
        after = None
        while left := await self._inbox.pending(after=after, most=_PAGE):
            _log.info("inbox_resumed", updates=len(left))
            for incoming in left:
                await self.hand_over(incoming, left_over=True)
            after = left[-1].update_id

    async def aclose(self) -> None:
        """Hand over nothing more of what was set aside; the next start does."""
        for task in self._following:
            task.cancel()
        await asyncio.gather(*self._following, return_exceptions=True)

    async def _set_aside(self, chat_key: str, aside: _Aside) -> None:
        await self._places_aside.acquire()
        if chat_key not in self._aside:
            self._aside[chat_key] = deque()
            task = asyncio.create_task(self._follow(chat_key), name="following")
            self._following.add(task)
            task.add_done_callback(self._following.discard)
        self._aside[chat_key].append(aside)

    async def _follow(self, chat_key: str) -> None:
        """Hand over what was set aside of a chat, each when the chat has room for it, until there is none."""
        backoff = Backoff()
        aside = self._aside[chat_key]
        while aside:
            await self._processor.room_of(chat_key)
            try:
                incoming = await self._inbox.pending_update(aside[0].update_id)
                if incoming is not None:
                    await self._put(incoming, left_over=aside[0].left_over)
            except StoreError as error:
                seconds = backoff.next_seconds()
                _log.error("inbox_not_reached", error=error, retry_in_seconds=round(seconds, 1))
                await asyncio.sleep(seconds)
                continue
            backoff.reset()
            aside.popleft()
            self._places_aside.release()
        del self._aside[chat_key]

    async def _put(self, incoming: IncomingUpdate, *, left_over: bool) -> None:
        """Hand one update over when there is room, or skip it where it is unreadable.

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
