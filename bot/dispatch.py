"""In what order updates are handled: one after another in a chat, chats beside each other.

Each chat has at most one update in hand, and the slots are given out first come, first served; of each
chat only so many are let in. So a chat that floods the bot waits behind itself, and another chat behind one
of its updates at most.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterator, Mapping
from typing import Any, Final, Protocol

from telegram import Update
from telegram.ext import BaseUpdateProcessor

from bot.backoff import deadline
from bot.logs import EventLog
from bot.redaction import Redactor
from index.errors import FootnoteError

AT_ONCE: Final = 32
"""Chats that are served beside each other."""

WAITING_AT_MOST: Final = 256
"""Updates that are held in memory; the others wait in the inbox or at Telegram."""

OF_CHAT_AT_MOST: Final = 8
"""Updates of one chat among them; its others wait in the inbox, and nobody else behind them."""

MOST_ATTEMPTS: Final = 3
"""How often the handling of an update begins anew after a process that did not survive it."""

_TWO: Final = 2
"""From so many updates on that were let in, one of them waits for another."""

_log: Final = EventLog(__name__)


class HandlerTooSlowError(FootnoteError):
    """The handlers of an update did not end in time."""


class Progress(Protocol):
    """Knows how far the handling of each update is: the store, or the inbox that several share."""

    async def count_attempt(self, update_id: int) -> int:
        """Note that the handling of an update begins, and return how often it has."""
        ...

    async def mark_done(self, update_id: int) -> None:
        """Note that nothing is left to do for an update."""
        ...


class ChatOrderProcessor(BaseUpdateProcessor):
    """Handles updates in the order of each chat, and marks each done in the inbox.

    A handler that is cancelled, as at the end of the process, leaves its update in the inbox: the
    next start handles it. An inline query is left out where the same person typed on meanwhile.
    """

    def __init__(
        self,
        store: Progress,
        redactor: Redactor,
        *,
        handler_seconds: float,
        at_once: int = AT_ONCE,
        waiting_at_most: int = WAITING_AT_MOST,
        of_chat_at_most: int = OF_CHAT_AT_MOST,
    ) -> None:
        """Set the bounds.

        Args:
            store: Where updates are marked done.
            redactor: Keeps what people wrote out of the log meanwhile.
            handler_seconds: How long the handlers of one update may take.
            at_once: Updates in hand at most.
            waiting_at_most: Updates that are let in and not done at most.
            of_chat_at_most: From how many of them on a chat is full; whoever lets in looks to that.
        """
        # The bound of the base class would be taken by a chat's waiting updates; `_slots` is ours.
        super().__init__(waiting_at_most + 1)
        self._store = store
        self._redactor = redactor
        self._handler_seconds = handler_seconds
        self._slots = asyncio.Semaphore(at_once)
        self._waiting_at_most = waiting_at_most
        self._room = asyncio.Semaphore(waiting_at_most)
        self._of_chat_at_most = of_chat_at_most
        self._of_chat: Counter[str] = Counter()
        self._emptier: dict[str, asyncio.Event] = {}
        self._chat_keys: dict[int, str] = {}
        self._left_over: set[int] = set()
        self._lines: dict[str, _Line] = {}
        self._chats_waiting = 0
        self._newest_inline: dict[int, int] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def waiting(self) -> int:
        """How many updates were let in and are not done."""
        return len(self._chat_keys) + len(self._tasks)

    @property
    def chats_waiting(self) -> int:
        """In how many chats an update waits for another one of the chat; may be asked on any thread."""
        return self._chats_waiting

    async def room(self) -> int:
        """Wait until there is room for an update, and return for how many."""
        async with self._room:
            return max(1, self._waiting_at_most - self.waiting)

    def is_full(self, chat_key: str) -> bool:
        """Return whether a chat has as many updates let in and not done as it may have."""
        return self._of_chat[chat_key] >= self._of_chat_at_most

    async def room_of(self, chat_key: str) -> None:
        """Wait until a chat is not full."""
        while self.is_full(chat_key):
            await self._emptier.setdefault(chat_key, asyncio.Event()).wait()

    async def let_in(self, update_id: int, chat_key: str, *, left_over: bool = False) -> None:
        """Wait until there is room for an update, which is then to be processed.

        Args:
            update_id: Which update.
            chat_key: What it must be in order with.
            left_over: Whether an earlier process may have died of it: that is borne `MOST_ATTEMPTS` times.
        """
        await self._room.acquire()
        if left_over:
            self._left_over.add(update_id)
        self._chat_keys[update_id] = chat_key
        self._of_chat[chat_key] += 1

    def is_superseded(self, update: Update) -> bool:
        """Return whether the person of an inline query has typed on since."""
        query = update.inline_query
        return query is not None and self._newest_inline.get(query.from_user.id) != update.update_id

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Await the handlers when it is the turn of this update in its chat.

        Raises:
            HandlerTooSlowError: They took too long and were cancelled.
        """
        if not isinstance(update, Update):
            await coroutine
            return
        was_let_in = update.update_id in self._chat_keys
        key = self._chat_keys.pop(update.update_id, None) or chat_key_of(update.to_dict())
        task = asyncio.current_task()
        assert task is not None  # a coroutine that runs is of a task
        self._tasks.add(task)
        # From here to the lock nothing is awaited, so that the order of calls is the order of turns.
        line = self._lines.setdefault(key, _Line())
        line.members += 1
        self._chats_waiting += line.members == _TWO
        if update.inline_query is not None:
            self._newest_inline[update.inline_query.from_user.id] = update.update_id
        try:
            async with line.turn, self._slots:
                await self._handle(update, coroutine)
        finally:
            _close(coroutine)
            self._chats_waiting -= line.members == _TWO
            line.members -= 1
            if not line.members:
                del self._lines[key]
            if update.inline_query is not None and not self.is_superseded(update):
                del self._newest_inline[update.inline_query.from_user.id]
            self._tasks.discard(task)
            if was_let_in:
                self._leave(key)

    def _leave(self, chat_key: str) -> None:
        """Make room for another update, of that chat too."""
        self._room.release()
        self._of_chat[chat_key] -= 1
        if not self._of_chat[chat_key]:
            del self._of_chat[chat_key]
        emptier = self._emptier.pop(chat_key, None)
        if emptier is not None:
            emptier.set()

    async def cancel_all(self) -> None:
        """Cancel whatever is in hand or waits for its turn; the inbox keeps it."""
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def initialize(self) -> None:
        """Do nothing: there is nothing to open."""

    async def shutdown(self) -> None:
        """Cancel what is left."""
        await self.cancel_all()

    async def _handle(self, update: Update, coroutine: Awaitable[Any]) -> None:
        too_slow: HandlerTooSlowError | None = None
        if not self.is_superseded(update) and not await self._is_hopeless(update.update_id):
            try:
                with self._redactor.withholding(texts_of(update)):
                    async with deadline(self._handler_seconds):
                        await coroutine
            except TimeoutError:
                too_slow = HandlerTooSlowError(
                    f"Update {update.update_id} took longer than {self._handler_seconds:g} s; expected less; "
                    "set FOOTNOTE_QUESTION_SECONDS higher where this machine is slow."
                )
        await self._store.mark_done(update.update_id)
        if too_slow is not None:
            raise too_slow

    async def _is_hopeless(self, update_id: int) -> bool:
        """Return whether an update was begun too often, counting this time; it is then given up."""
        if update_id not in self._left_over:
            return False
        self._left_over.discard(update_id)
        attempts = await self._store.count_attempt(update_id)
        if attempts > MOST_ATTEMPTS:
            _log.error("update_given_up", update_id=update_id, attempts=attempts)
        return attempts > MOST_ATTEMPTS


class _Line:
    """The updates of one chat: whose turn it is, and how many there are."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.members = 0


def chat_key_of(update: Mapping[str, Any]) -> str:
    """Return what an update, as JSON, must be in order with: its chat, else its person, else nothing.

    Inline queries have no chat, nor has a button under a message that was sent through one.
    """
    for body in update.values():
        if not isinstance(body, Mapping):
            continue
        message = body.get("message")
        places = (body.get("chat"), message.get("chat") if isinstance(message, Mapping) else None)
        for kind, owner in (
            *(("chat", place) for place in places),
            *(("user", body.get(name)) for name in ("from", "user")),
        ):
            if isinstance(owner, Mapping) and isinstance(owner.get("id"), int):
                return f"{kind}:{owner['id']}"
    return f"update:{update.get('update_id')}"


def texts_of(update: Update) -> Iterator[str]:
    """Yield what people wrote in an update."""
    message = update.effective_message
    for each in (message, message.reply_to_message if message is not None else None):
        if each is not None:
            yield from (text for text in (each.text, each.caption) if text)
    if update.inline_query is not None:
        yield update.inline_query.query
    if update.chosen_inline_result is not None:
        yield update.chosen_inline_result.query


def _close(coroutine: Awaitable[Any]) -> None:
    """Let go of handlers that never had their turn, which Python would warn of."""
    if asyncio.iscoroutine(coroutine):
        coroutine.close()
