"""A chat's updates reach the handlers in order and few at a time; nobody else waits for the others of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from telegram import Update

from bot.arrivals import HandingOver, incoming_updates
from bot.dispatch import OF_CHAT_AT_MOST, ChatOrderProcessor
from bot.redaction import Redactor
from bot.store import IncomingUpdate, Store, StoreError
from tests.bot.recording import RecordedTelegram, bot_on, question
from tests.bot.stores import ids, with_store

ANN, BOB = 7, 8


class Arrivals:
    """Updates on their way from a real store to handlers that note them."""

    def __init__(self, store: Store, **settings: Any) -> None:
        self.store = store
        self.queue: asyncio.Queue[Any] = asyncio.Queue()
        self.processor = ChatOrderProcessor(store, Redactor(), handler_seconds=60.0)
        self.handing = HandingOver(bot_on(RecordedTelegram()), store, self.processor, self.queue, **settings)
        self.handled: list[int] = []

    async def arrive(self, *raws: dict[str, Any]) -> None:
        """Take updates in and hand them over, none of which may wait for a handler."""
        async with asyncio.timeout(20):
            for incoming in await self.store.take_in(incoming_updates(raws)):
                await self.handing.hand_over(incoming)

    async def handle_one(self) -> None:
        """Handle the update that was handed over first."""
        async with asyncio.timeout(20):
            update: Update = await self.queue.get()
            await self.processor.process_update(update, self._note(update.update_id))

    async def _note(self, update_id: int) -> None:
        self.handled.append(update_id)


@asynccontextmanager
async def arrivals_on(store: Store, **settings: Any) -> AsyncIterator[Arrivals]:
    arrivals = Arrivals(store, **settings)
    try:
        yield arrivals
    finally:
        await arrivals.handing.aclose()


def with_arrivals(folder: Path, use: Callable[[Arrivals], Awaitable[None]], **settings: Any) -> None:
    async def run(store: Store) -> None:
        async with arrivals_on(store, **settings) as arrivals:
            await use(arrivals)

    with_store(folder, run)


def flood(count: int, chat: int = ANN) -> list[dict[str, Any]]:
    return [question(number, chat) for number in range(1, count + 1)]


def test_of_a_chat_only_so_many_are_handed_over_and_another_chat_is_not_behind_the_rest(
    tmp_path: Path,
) -> None:
    async def use(arrivals: Arrivals) -> None:
        await arrivals.arrive(*flood(400), question(401, BOB))
        handed_over = [arrivals.queue.get_nowait().update_id for _ in range(arrivals.queue.qsize())]
        assert handed_over == [*range(1, OF_CHAT_AT_MOST + 1), 401]
        assert len(await arrivals.store.pending()) == 401

    with_arrivals(tmp_path, use)


def test_what_waits_of_a_chat_follows_in_order_and_each_once(tmp_path: Path) -> None:
    async def use(arrivals: Arrivals) -> None:
        await arrivals.arrive(*flood(30))
        for _ in range(10):
            await arrivals.handle_one()
        await arrivals.arrive(*(question(number, ANN) for number in range(31, 61)))
        for _ in range(50):
            await arrivals.handle_one()
        assert arrivals.handled == list(range(1, 61))
        assert (arrivals.queue.qsize(), await arrivals.store.pending()) == (0, ())

    with_arrivals(tmp_path, use)


def test_a_chat_that_waited_and_is_through_is_handed_over_at_once_again(tmp_path: Path) -> None:
    async def use(arrivals: Arrivals) -> None:
        await arrivals.arrive(*flood(OF_CHAT_AT_MOST + 1))
        for _ in range(OF_CHAT_AT_MOST + 1):
            await arrivals.handle_one()
        await arrivals.arrive(question(99, ANN))
        assert arrivals.queue.qsize() == 1

    with_arrivals(tmp_path, use)


def test_an_unreadable_update_that_waits_is_skipped(tmp_path: Path) -> None:
    unreadable = {**question(20, ANN), "message": {**question(20, ANN)["message"], "date": "broken"}}

    async def use(arrivals: Arrivals) -> None:
        await arrivals.arrive(*flood(OF_CHAT_AT_MOST), unreadable, question(21, ANN))
        for _ in range(OF_CHAT_AT_MOST + 1):
            await arrivals.handle_one()
        assert arrivals.handled == [*range(1, OF_CHAT_AT_MOST + 1), 21]
        assert await arrivals.store.pending() == ()

    with_arrivals(tmp_path, use)


def test_what_cannot_be_read_just_now_is_read_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def use(arrivals: Arrivals) -> None:
        failures = [StoreError("away")]
        read = arrivals.store.pending_update

        async def failing(update_id: int) -> IncomingUpdate | None:
            if failures:
                raise failures.pop()
            return await read(update_id)

        monkeypatch.setattr(arrivals.store, "pending_update", failing)
        await arrivals.arrive(*flood(OF_CHAT_AT_MOST + 2))
        for _ in range(OF_CHAT_AT_MOST + 2):
            await arrivals.handle_one()
        assert arrivals.handled == list(range(1, OF_CHAT_AT_MOST + 3))

    with_arrivals(tmp_path, use)
    assert caplog.messages.count("inbox_not_reached") == 1


def test_an_unreadable_update_is_marked_done_when_the_database_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreadable = {**question(1, ANN), "message": {**question(1, ANN)["message"], "date": "broken"}}

    async def use(arrivals: Arrivals) -> None:
        failures = [StoreError("away")] * 2
        mark_done = arrivals.store.mark_done

        async def failing(update_id: int) -> None:
            if failures:
                raise failures.pop()
            await mark_done(update_id)

        monkeypatch.setattr(arrivals.store, "mark_done", failing)
        await arrivals.arrive(unreadable, question(2, ANN))
        await arrivals.handle_one()
        assert arrivals.handled == [2]
        assert await arrivals.store.pending() == ()

    with_arrivals(tmp_path, use)


def test_only_so_many_wait_in_all(tmp_path: Path) -> None:
    async def use(arrivals: Arrivals) -> None:
        await arrivals.arrive(*flood(OF_CHAT_AT_MOST + 3))
        one_more = asyncio.create_task(arrivals.arrive(question(99, ANN)))
        await asyncio.sleep(0.05)
        assert not one_more.done()
        await arrivals.handle_one()
        await one_more
        for _ in range(OF_CHAT_AT_MOST + 3):
            await arrivals.handle_one()
        assert arrivals.handled == [*range(1, OF_CHAT_AT_MOST + 4), 99]

    with_arrivals(tmp_path, use, aside_at_most=3)


def test_what_waits_at_the_end_is_left_to_the_next_start_which_keeps_nobody_waiting(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        async with arrivals_on(store) as arrivals:
            await arrivals.arrive(*flood(1_200), question(1_201, BOB))
            await arrivals.handle_one()
        async with arrivals_on(store) as arrivals:
            async with asyncio.timeout(20):
                await arrivals.handing.resume()
            handed_over = [arrivals.queue.get_nowait().update_id for _ in range(arrivals.queue.qsize())]
            assert handed_over == [*range(2, OF_CHAT_AT_MOST + 2), 1_201]
            assert ids(await store.pending()) == list(range(2, 1_202))

    with_store(tmp_path, use)


def test_nothing_more_is_handed_over_once_it_is_closed(tmp_path: Path) -> None:
    async def use(arrivals: Arrivals) -> None:
        await arrivals.arrive(*flood(20))
        await arrivals.handing.aclose()
        for _ in range(OF_CHAT_AT_MOST):
            await arrivals.handle_one()
        await asyncio.sleep(0.05)
        assert arrivals.queue.qsize() == 0
        assert ids(await arrivals.store.pending()) == list(range(OF_CHAT_AT_MOST + 1, 21))

    with_arrivals(tmp_path, use)
