"""In what order updates are handled: one after another in a chat, chats beside each other.

Each chat has at most one update in hand, and the slots are given out first come, first served; of each
chat only so many are let in. So a chat that floods the bot waits behind itself, and another chat behind one
of its updates at most.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from telegram import Update
from telegram.ext import BaseUpdateProcessor

from bot.backoff import Backoff, deadline
from bot.logs import EventLog
from bot.redaction import Redactor
from bot.store_faults import StoreError
from bot.update_contents import chat_key_of, texts_of
from index.errors import FootnoteError

AT_ONCE: Final = 32
"""Chats that are served beside each other."""

WAITING_AT_MOST: Final = 256
"""Updates that are held in memory; the others wait in the inbox or at Telegram."""

OF_CHAT_AT_MOST: Final = 16
"""Updates of one chat among them; its others wait in the inbox, and nobody else behind them."""

MOST_ATTEMPTS: Final = 3
"""How often the handling of an update begins anew after a process that did not survive it."""

PATIENCE_SECONDS: Final = 300.0
"""How long the handling of an update begins anew where the state cannot be reached."""

_LONGEST_WAIT_SECONDS: Final = 5.0
"""Between tries of that."""

_TWO: Final = 2
"""From so many updates on that were let in, one of them waits for another."""

_log: Final = EventLog(__name__)


class HandlerTooSlowError(FootnoteError):
    """The handlers of an update did not end in time."""


class Progress(Protocol):
    """Knows how far the handling of each update is: the store, or the inbox that several share."""

    async def count_attempt(self, update_id: int) -> int:
        """Note that the handling of an update begins, and return how often it has.

        Raises:
            StoreError: The state could not be written.
        """
        ...

    async def mark_done(self, update_id: int) -> None:
        """Note that nothing is left to do for an update.

        Raises:
            StoreError: The state could not be written.
        """
        ...

    async def let_go(self, update_id: int) -> None:
        """Leave an update to another process, or to the next start."""
        ...


class ChatOrderProcessor(BaseUpdateProcessor):
    """Handles updates in the order of each chat, and marks each done in the inbox.

    A handler that is cancelled, as at the end of the process, leaves its update in the inbox: the
    next start handles it. Where the state cannot be reached the update, and with it its chat, waits and is
    handled again: the outbox knows what was sent. An inline query is left out where the same person typed on
    meanwhile.
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
        patience_seconds: float = PATIENCE_SECONDS,
        backoff: Callable[[], Backoff] = lambda: Backoff(longest_seconds=_LONGEST_WAIT_SECONDS),
    ) -> None:
        """Set the bounds.

        Args:
            store: Where updates are marked done.
            redactor: Keeps what people wrote out of the log meanwhile.
            handler_seconds: How long the handlers of one update may take.
            at_once: Updates in hand at most.
            waiting_at_most: Updates that are let in and not done at most.
            of_chat_at_most: From how many of them on a chat is full; whoever lets in looks to that.
            patience_seconds: How long an update is handled again where the state cannot be reached; then it
                is let go.
            backoff: How long to wait in between.
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
        self._patience_seconds = patience_seconds
        self._backoff = backoff
        self._in_hand: dict[asyncio.Task[Any], _Handling] = {}

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
            async with line.turn:
                self._in_hand[task] = handling = _Handling(lambda: coroutine)
                await self._handle(update, handling)
        finally:
            self._in_hand.pop(task, None)
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

    def handle_again(self, error: StoreError, handlers: Callable[[], Awaitable[Any]]) -> bool:
        """Have the update that this task handles handled again in a while, and return whether it will be.

        It will not where this task handles none, as one that was started beside.

        Args:
            error: Why its handlers could not go on.
            handlers: Asks them once more.
        """
        task = asyncio.current_task()
        handling = None if task is None else self._in_hand.get(task)
        if handling is None:
            return False
        handling.error, handling.handlers = error, handlers
        return True

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

    async def _handle(self, update: Update, handling: _Handling) -> None:
        """Handle an update until that is written down, or as long as there is patience from a failure on.

        Raises:
            HandlerTooSlowError: The handlers took too long and were cancelled.
        """
        update_id, backoff = update.update_id, self._backoff()
        until: float | None = None
        while not await self._try(update, handling):
            seconds = backoff.next_seconds()
            if until is None:
                until = time.monotonic() + self._patience_seconds
                _log.warning("update_waits", update_id=update_id, error=handling.error)
            if time.monotonic() + seconds > until:
                _log.error("update_left", update_id=update_id, error=handling.error)
                await self._store.let_go(update_id)
                return
            await asyncio.sleep(seconds)
        if handling.was_cut_off:
            raise HandlerTooSlowError(
                f"Update {update_id} took longer than {self._handler_seconds:g} s; expected less; "
                "set FOOTNOTE_QUESTION_SECONDS higher where this machine is slow."
            )

    async def _try(self, update: Update, handling: _Handling) -> bool:
        """Do what is left to do for an update, and return whether nothing is; the state may be away."""
        handling.error = None
        async with self._slots:
            try:
                if not handling.is_over:
                    await self._ask_handlers(update, handling)
                if handling.is_over:
                    await self._store.mark_done(update.update_id)
            except StoreError as error:
                handling.error = error
        return handling.error is None

    async def _ask_handlers(self, update: Update, handling: _Handling) -> None:
        """Let the handlers do their work, unless there is none; it is over where they reached the state.

        Raises:
            StoreError: It could not be written that they are about to.
        """
        if not self.is_superseded(update) and not await self._is_hopeless(update.update_id):
            try:
                with self._redactor.withholding(texts_of(update)):
                    async with deadline(self._handler_seconds):
                        await handling.handlers()
            except TimeoutError:
                handling.was_cut_off = True
                handling.error = None
        handling.is_over = handling.error is None

    async def _is_hopeless(self, update_id: int) -> bool:
        """Return whether an update was begun too often, counting this time; it is then given up."""
        if update_id not in self._left_over:
            return False
        attempts = await self._store.count_attempt(update_id)
        self._left_over.discard(update_id)
        if attempts > MOST_ATTEMPTS:
            _log.error("update_given_up", update_id=update_id, attempts=attempts)
        return attempts > MOST_ATTEMPTS


@dataclass(slots=True, eq=False)
class _Handling:
    """How far the handling of an update is."""

    handlers: Callable[[], Awaitable[Any]]
    """Asks them; replaced by whoever has them asked again."""
    error: StoreError | None = None
    """Why the last try did not reach its end."""
    is_over: bool = False
    """Whether all that is left is to write that down."""
    was_cut_off: bool = False
    """Whether the handlers took too long."""


class _Line:
    """The updates of one chat: whose turn it is, and how many there are."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.members = 0


def _close(coroutine: Awaitable[Any]) -> None:
    """Let go of handlers that never had their turn, which Python would warn of."""
    if asyncio.iscoroutine(coroutine):
        coroutine.close()
