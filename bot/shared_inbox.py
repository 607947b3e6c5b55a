"""The inbox of several processes: what one takes in, whoever has that chat handles.

This process says once a second that it lives, and hears from the database when its share has grown. Where
it hears nothing it looks by itself once a second: a connection may be lost, or pass
through a pooler that lets nobody listen.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from bot.backoff import Backoff
from bot.logs import EventLog
from bot.replicas import buckets_of
from bot.store_claims import LEASE_SECONDS, LeaseLostError
from bot.store_faults import StoreError
from bot.store_records import IncomingUpdate

if TYPE_CHECKING:
    from bot.arrivals import HandingOver
    from bot.dispatch import ChatOrderProcessor
    from bot.store import Store

_log: Final = EventLog(__name__)

IN_HAND_AT_MOST: Final = 64
"""Updates that a process takes in hand at once: what it dies with, others have to wait for."""

_OF_CHAT_AT_MOST: Final = 8
"""Updates of one chat among them, so that a chat that floods leaves room to the others."""

_BEAT_SECONDS: Final = 1.0
"""How often a process says that it lives, which is a fifth of how long it is believed."""

LOOK_SECONDS: Final = 1.0
"""How often a process looks by itself whether there is something to take."""

_LONGEST_WAIT_SECONDS: Final = 5.0
"""Between tries where the database is away."""


class SharedInbox:
    """Takes updates in for all processes, and out those of the chats that are this one's.

    In `taking_part`, `work` is run until the end is asked for; what is in hand then is finished while
    it still takes part, and what is not is let go of after.
    """

    def __init__(self, store: Store, *, listens: bool = True, look_seconds: float = LOOK_SECONDS) -> None:
        """Take the store.

        Args:
            store: On a database that is shareable.
            listens: Whether to hear from the database, instead of looking alone.
            look_seconds: How often to look without having heard.
        """
        self._store = store
        self._listens = listens
        self._look_seconds = look_seconds
        self._name = _new_name()
        self._takes = True
        self._living: tuple[str, ...] = ()
        self._buckets: frozenset[int] = frozenset()
        self._rung = asyncio.Event()
        self._reached_at = time.monotonic()
        self._steady_since = time.monotonic()
        self._cancel_all: Callable[[], Awaitable[None]] | None = None

    async def take_in(self, updates: Sequence[IncomingUpdate]) -> Sequence[IncomingUpdate]:
        """Write updates down and tell whose they are; the caller is given none.

        Raises:
            StoreError: They could not be written down.
        """
        fresh = await self._store.take_in(updates)
        try:
            await self._store.ring(fresh)
        except StoreError as error:
            # Written down they are, and are found at the next look.
            _log.warning("not_told", error=error)
        return ()

    async def pending(self, *, after: int | None = None, most: int | None = None) -> Sequence[IncomingUpdate]:
        """Return nothing: what an earlier process left is claimed like what comes."""
        return ()

    async def pending_update(self, update_id: int) -> IncomingUpdate | None:
        """Return an update that was claimed; None where nothing is left to do for it.

        Raises:
            StoreError: The state could not be read.
        """
        return await self._store.pending_update(update_id)

    async def mark_done(self, update_id: int) -> None:
        """Note that nothing is left to do for an update; where the database is away, wait for it.

        Nobody else may take it meanwhile, nor what follows in its chat.
        """
        await _until_written(lambda: self._store.mark_done(update_id), "not_marked_done")

    async def let_go(self, update_id: int) -> None:
        """Leave an update to whichever process claims it next; where the database is away, wait for it.

        Nobody else may take it meanwhile.
        """
        await _until_written(lambda: self._store.let_go(update_id), "not_let_go")

    async def count_attempt(self, update_id: int) -> int:
        """Note that the handling of an update begins anew, and return how often it has.

        Raises:
            StoreError: The state could not be written.
        """
        return await self._store.count_attempt(update_id)

    @asynccontextmanager
    async def taking_part(self) -> AsyncIterator[None]:
        """Be one of the processes that share the chats; at the end, let go of whatever is in hand.

        Raises:
            StoreError: The state could not be written.
        """
        await self._store.join(self._name)
        await self._beat()
        tasks = [asyncio.create_task(self._beat_on(), name="beating")]
        if self._listens:
            tasks.append(asyncio.create_task(self._listen_on(), name="listening"))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            try:
                await self._store.leave(self._name)
            except StoreError as error:
                _log.error("not_let_go", error=error, others_take_over_after_seconds=LEASE_SECONDS)

    async def work(self, handing: HandingOver, processor: ChatOrderProcessor) -> None:
        """Hand over what is this process's, until cancelled; from then on others have its chats.

        Args:
            handing: Where to.
            processor: Says when there is room, and cancels what is another's.
        """
        self._cancel_all = processor.cancel_all
        backoff = Backoff(longest_seconds=_LONGEST_WAIT_SECONDS)
        try:
            while True:
                room = await processor.room()
                self._rung.clear()
                try:
                    handed_over = await self._hand_over(handing, room)
                    backoff.reset()
                except StoreError as error:
                    _log.error("claim_failed", error=error)
                    await asyncio.sleep(backoff.next_seconds())
                    continue
                if not handed_over:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(self._look_seconds):
                            await self._rung.wait()
        finally:
            self._takes = False
            with suppress(StoreError):
                await self._beat()

    async def begin_rebuild(self) -> bool:
        """Take the turn to rebuild, and return whether it was free.

        Raises:
            StoreError: The state could not be written.
        """
        return await self._store.begin_rebuild(self._name)

    async def end_rebuild(self) -> None:
        """Give the turn to rebuild back; where the database is away, it is free when this process ends."""
        try:
            await self._store.end_rebuild(self._name)
        except StoreError as error:
            _log.error("turn_not_given_back", error=error)

    async def _hand_over(self, handing: HandingOver, room: int) -> bool:
        """Claim what there is room for, hand it over, and return whether there was anything."""
        if not self._buckets:
            return False
        claimed = await self._store.claim_updates(self._name, sorted(self._buckets), room, _OF_CHAT_AT_MOST)
        for each in claimed:
            await handing.hand_over(each.incoming, left_over=each.left_over)
        return bool(claimed)

    async def _beat_on(self) -> None:
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            try:
                await self._beat()
            except LeaseLostError as error:
                _log.error("lease_lost", error=error)
                await self._begin_anew()
            except StoreError as error:
                _log.error("beat_failed", error=error)

    async def _beat(self) -> None:
        now = time.monotonic()
        if now - self._reached_at > LEASE_SECONDS / 2:
            # Whoever did not reach the database may find others as silent as itself.
            self._steady_since = now
        living = await self._store.beat(
            self._name, takes=self._takes, buries=now - self._steady_since > LEASE_SECONDS
        )
        self._reached_at = time.monotonic()
        if living != self._living:
            self._living = living
            self._buckets = frozenset(buckets_of(self._name, living))
            _log.info("sharing", replicas=len(living), buckets=len(self._buckets))
            self._rung.set()

    async def _begin_anew(self) -> None:
        """Drop what others took over, and take part under another name."""
        self._name = _new_name()
        self._buckets = frozenset()
        if self._cancel_all is not None:
            await self._cancel_all()
        with suppress(StoreError):  # The next beat finds that it is not in, and this is tried again.
            await self._store.join(self._name)

    async def _listen_on(self) -> None:
        backoff = Backoff(longest_seconds=_LONGEST_WAIT_SECONDS)
        while True:
            lost = asyncio.Event()
            async with AsyncExitStack() as stack:
                try:
                    await stack.enter_async_context(self._store.listening(self._on_ring, lost.set))
                    self._rung.set()  # What was told before is not heard any more.
                    backoff.reset()
                    await lost.wait()
                except StoreError as error:
                    _log.warning("not_listening", error=error)
            await asyncio.sleep(backoff.next_seconds())

    def _on_ring(self, bucket: int | None) -> None:
        if bucket is None or bucket in self._buckets:
            self._rung.set()


async def _until_written(write: Callable[[], Awaitable[None]], event: str) -> None:
    """Write, again and again where the database is away, and tell each failure as that event."""
    backoff = Backoff(longest_seconds=_LONGEST_WAIT_SECONDS)
    while True:
        try:
            await write()
        except StoreError as error:
            seconds = backoff.next_seconds()
            _log.error(event, error=error, retry_in_seconds=round(seconds, 1))
            await asyncio.sleep(seconds)
        else:
            return


def _new_name() -> str:
    return uuid.uuid4().hex
