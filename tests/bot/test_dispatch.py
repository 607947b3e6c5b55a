"""Updates are handled in order in each chat, chats beside each other, and each is marked done once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from telegram import Update

from bot.backoff import extend_deadline
from bot.dispatch import MOST_ATTEMPTS, ChatOrderProcessor, HandlerTooSlowError
from bot.redaction import Redactor
from bot.store import IncomingUpdate, Store
from bot.update_contents import chat_key_of
from tests.bot.recording import RecordedTelegram, bot_on, inline_question, question


def run_with_store(tmp_path: Path, use: Callable[[Store], Awaitable[None]]) -> None:
    async def run() -> None:
        store = await Store.open(f"sqlite+aiosqlite:///{tmp_path / 'state.sqlite3'}")
        try:
            await use(store)
        finally:
            await store.aclose()

    asyncio.run(run())


async def taken_in(store: Store, *raws: dict[str, Any]) -> list[Update]:
    await store.take_in([IncomingUpdate(raw["update_id"], chat_key_of(raw), "{}") for raw in raws])
    bot = bot_on(RecordedTelegram())
    updates = [Update.de_json(raw, bot) for raw in raws]
    assert all(updates)
    return updates


async def left(store: Store) -> list[int]:
    return [incoming.update_id for incoming in await store.pending()]


def processor_on(store: Store, **settings: Any) -> ChatOrderProcessor:
    return ChatOrderProcessor(store, Redactor(), **{"handler_seconds": 60.0, **settings})


class Handling:
    """Handlers that wait until they are let go, and remember when they began and ended."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.gates: dict[int, asyncio.Event] = {}

    async def handle(self, update_id: int) -> None:
        self.begun.append(update_id)
        await self.gates.setdefault(update_id, asyncio.Event()).wait()
        self.ended.append(update_id)

    def let_go(self, update_id: int) -> None:
        self.gates.setdefault(update_id, asyncio.Event()).set()


async def settled() -> None:
    """Let every task run as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_a_chat_is_served_in_order_and_others_beside_it(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        updates = await taken_in(store, question(1, 7), question(2, 7), question(3, 8))
        processor, handling = processor_on(store), Handling()
        tasks = [
            asyncio.create_task(processor.process_update(update, handling.handle(update.update_id)))
            for update in updates
        ]
        await settled()
        assert handling.begun == [1, 3]
        handling.let_go(2)
        handling.let_go(3)
        await tasks[2]
        assert handling.ended == [3]
        handling.let_go(1)
        await asyncio.gather(*tasks)
        assert handling.ended == [3, 1, 2]
        assert await left(store) == []

    run_with_store(tmp_path, use)


def test_a_chat_that_floods_leaves_the_slots_to_others(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        flood = [question(number, 7) for number in range(1, 51)]
        updates = await taken_in(store, *flood, question(51, 8))
        processor, handling = processor_on(store, at_once=2), Handling()
        tasks = [
            asyncio.create_task(processor.process_update(update, handling.handle(update.update_id)))
            for update in updates
        ]
        await settled()
        assert handling.begun == [1, 51]
        for update in updates:
            handling.let_go(update.update_id)
        await asyncio.gather(*tasks)
        assert [each for each in handling.ended if each != 51] == list(range(1, 51))

    run_with_store(tmp_path, use)


def test_chats_in_which_somebody_waits_are_counted_once_each(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        updates = await taken_in(store, *(question(number, number % 3) for number in range(1, 8)))
        processor, handling = processor_on(store), Handling()
        counted = []
        tasks = []
        for update in updates:
            tasks.append(
                asyncio.create_task(processor.process_update(update, handling.handle(update.update_id)))
            )
            await settled()
            counted.append(processor.chats_waiting)
        assert counted == [0, 0, 0, 1, 2, 3, 3]
        for update in updates:
            handling.let_go(update.update_id)
        await asyncio.gather(*tasks)
        assert processor.chats_waiting == 0

    run_with_store(tmp_path, use)


def test_no_more_than_the_slots_are_in_hand(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        updates = await taken_in(store, *(question(number, number) for number in range(1, 11)))
        processor, handling = processor_on(store, at_once=3), Handling()
        tasks = [
            asyncio.create_task(processor.process_update(update, handling.handle(update.update_id)))
            for update in updates
        ]
        await settled()
        assert handling.begun == [1, 2, 3]
        for number in range(1, 11):
            handling.let_go(number)
        await asyncio.gather(*tasks)
        assert handling.begun == list(range(1, 11))

    run_with_store(tmp_path, use)


def test_only_so_many_are_let_in(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        first, second = await taken_in(store, question(1), question(2))
        processor, handling = processor_on(store, waiting_at_most=1), Handling()
        await processor.let_in(1, "chat:7")
        letting_in = asyncio.create_task(processor.let_in(2, "chat:7"))
        await settled()
        assert not letting_in.done()
        handling.let_go(1)
        await processor.process_update(first, handling.handle(1))
        await letting_in
        assert processor.waiting == 1
        handling.let_go(2)
        await processor.process_update(second, handling.handle(2))
        assert processor.waiting == 0

    run_with_store(tmp_path, use)


def test_handlers_that_take_too_long_are_cancelled_and_the_update_is_done(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        (update,) = await taken_in(store, question(1))
        processor, handling = processor_on(store, handler_seconds=0.0), Handling()
        with pytest.raises(HandlerTooSlowError, match="Update 1 took longer than 0 s"):
            await processor.process_update(update, handling.handle(1))
        assert (handling.ended, await left(store)) == ([], [])

    run_with_store(tmp_path, use)


def test_a_wait_that_telegram_asks_for_moves_the_deadline(tmp_path: Path) -> None:
    async def handle() -> None:
        extend_deadline(60.0)
        await asyncio.sleep(0.01)
        done.append(True)

    done: list[bool] = []

    async def use(store: Store) -> None:
        (update,) = await taken_in(store, question(1))
        await processor_on(store, handler_seconds=0.001).process_update(update, handle())

    run_with_store(tmp_path, use)
    assert done == [True]


def test_what_is_cancelled_stays_in_the_inbox(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        updates = await taken_in(store, question(1), question(2), question(3, 8))
        processor, handling = processor_on(store), Handling()
        tasks = [
            asyncio.create_task(processor.process_update(update, handling.handle(update.update_id)))
            for update in updates
        ]
        await settled()
        handling.let_go(3)
        await tasks[2]
        await processor.cancel_all()
        assert [task.cancelled() for task in tasks] == [True, True, False]
        assert await left(store) == [1, 2]

    run_with_store(tmp_path, use)


def test_an_error_of_the_handlers_leaves_the_chat_open(tmp_path: Path) -> None:
    async def fail() -> None:
        raise ValueError

    async def use(store: Store) -> None:
        first, second = await taken_in(store, question(1), question(2))
        processor, handling = processor_on(store), Handling()
        with pytest.raises(ValueError, match=r"^$"):
            await processor.process_update(first, fail())
        handling.let_go(2)
        await processor.process_update(second, handling.handle(2))
        assert handling.ended == [2]

    run_with_store(tmp_path, use)


def test_only_the_last_of_a_persons_inline_queries_is_answered(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        raws = [*(inline_question(number) for number in (1, 2, 3)), inline_question(4, user_id=8)]
        updates = await taken_in(store, *raws)
        processor, handling = processor_on(store), Handling()
        tasks = [
            asyncio.create_task(processor.process_update(update, handling.handle(update.update_id)))
            for update in updates
        ]
        await settled()
        assert handling.begun == [1, 4]
        assert processor.is_superseded(updates[0])
        assert not processor.is_superseded(updates[2])
        for number in (1, 2, 3, 4):
            handling.let_go(number)
        await asyncio.gather(*tasks)
        assert sorted(handling.begun) == [1, 3, 4]
        assert await left(store) == []

    run_with_store(tmp_path, use)


def test_what_three_processes_did_not_survive_is_given_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    handled: list[int] = []

    async def die(update_id: int) -> None:
        handled.append(update_id)
        raise asyncio.CancelledError  # as at the end of a process: nothing is marked done

    async def use(store: Store) -> None:
        (update,) = await taken_in(store, question(1, 7))
        for _ in range(MOST_ATTEMPTS + 1):
            processor = processor_on(store)
            await processor.let_in(1, "chat:7", left_over=True)
            await asyncio.gather(processor.process_update(update, die(1)), return_exceptions=True)
        assert await left(store) == []

    run_with_store(tmp_path, use)
    assert handled == [1] * MOST_ATTEMPTS
    assert [record.getMessage() for record in caplog.records].count("update_given_up") == 1
