"""What one process takes in, another handles; what a process loses, it lets go of."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.arrivals import HandingOver
from bot.dispatch import ChatOrderProcessor
from bot.redaction import Redactor
from bot.shared_inbox import SharedInbox
from bot.store import IncomingUpdate, Store, StoreError
from tests.postgresql import PostgreSQL


class Taken(HandingOver):
    """Notes what it is handed."""

    def __init__(self) -> None:
        self.updates: asyncio.Queue[tuple[int, bool]] = asyncio.Queue()

    async def hand_over(self, incoming: IncomingUpdate, *, left_over: bool = False) -> None:
        self.updates.put_nowait((incoming.update_id, left_over))


def incoming(update_id: int, chat: int = 7) -> IncomingUpdate:
    return IncomingUpdate(update_id, f"chat:{chat}", "{}")


def with_stores(postgresql: PostgreSQL, use: Callable[[Store, Store], Awaitable[None]]) -> None:
    async def run() -> None:
        first, second = await Store.open(address), await Store.open(address)
        try:
            async with asyncio.timeout(60):
                await use(first, second)
        finally:
            await first.aclose()
            await second.aclose()

    address = postgresql.new_database()
    asyncio.run(run())


async def working(inbox: SharedInbox, taken: Taken) -> asyncio.Task[None]:
    """Begin to hand over what is this inbox's."""
    processor = ChatOrderProcessor(inbox, Redactor(), handler_seconds=9.0)
    return asyncio.create_task(inbox.work(taken, processor))


async def ended(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait until it has ended."""
    task.cancel()
    await asyncio.wait([task])


@pytest.mark.parametrize("listens", [True, False])
def test_what_one_takes_in_is_handed_over_by_the_one_that_takes_part(
    postgresql: PostgreSQL, listens: bool
) -> None:
    async def use(a: Store, b: Store) -> None:
        giving, taking, taken = SharedInbox(a), SharedInbox(b, listens=listens, look_seconds=0.05), Taken()
        async with taking.taking_part():
            task = await working(taking, taken)
            for number in (1, 2, 1):
                assert await giving.take_in([incoming(number)]) == ()
            assert [await taken.updates.get() for _ in range(2)] == [(1, False), (2, False)]
            await ended(task)
        assert taken.updates.empty()

    with_stores(postgresql, use)


def test_what_was_in_hand_at_the_end_is_let_go_of(postgresql: PostgreSQL) -> None:
    async def use(a: Store, b: Store) -> None:
        for store in (a, b):
            inbox, taken = SharedInbox(store), Taken()
            await inbox.take_in([incoming(1)])
            async with inbox.taking_part():
                task = await working(inbox, taken)
                assert await taken.updates.get() == (1, False)
                await ended(task)

    with_stores(postgresql, use)


def test_two_share_the_chats_and_hand_over_none_twice(postgresql: PostgreSQL) -> None:
    async def use(a: Store, b: Store) -> None:
        first, second, by_first, by_second = SharedInbox(a), SharedInbox(b), Taken(), Taken()
        async with first.taking_part(), second.taking_part():
            tasks = [await working(first, by_first), await working(second, by_second)]
            await first.take_in([incoming(number, chat=number) for number in range(40)])
            while by_first.updates.qsize() + by_second.updates.qsize() < 40:
                await asyncio.sleep(0.01)
            for task in tasks:
                await ended(task)
        both = [
            queue.get_nowait()[0]
            for queue in (by_first.updates, by_second.updates)
            for _ in range(queue.qsize())
        ]
        assert sorted(both) == list(range(40))

    with_stores(postgresql, use)


def test_who_was_given_up_drops_what_it_had_and_goes_on_under_another_name(postgresql: PostgreSQL) -> None:
    async def use(a: Store, b: Store) -> None:
        inbox, taken, cancelled = SharedInbox(a), Taken(), asyncio.Event()

        class Processor(ChatOrderProcessor):
            async def cancel_all(self) -> None:
                cancelled.set()

        async with inbox.taking_part():
            processor = Processor(inbox, Redactor(), handler_seconds=9.0)
            task = asyncio.create_task(inbox.work(taken, processor))
            await inbox.take_in([incoming(1)])
            assert await taken.updates.get() == (1, False)
            (name,) = await b_names(b)
            await b.leave(name)  # As whoever buries it does.
            await cancelled.wait()
            await inbox.take_in([incoming(2, chat=8)])
            assert {await taken.updates.get() for _ in range(2)} == {(1, False), (2, False)}
            assert await b_names(b) != (name,)
            await ended(task)

    async def b_names(store: Store) -> tuple[str, ...]:
        await store.join("watcher")
        names = await store.beat("watcher", takes=False, buries=False)
        await store.leave("watcher")
        return names

    with_stores(postgresql, use)


@pytest.mark.parametrize("said", ["mark_done", "let_go"])
def test_what_is_done_or_let_go_of_is_said_until_the_database_hears_it(
    postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    async def use(a: Store, _: Store) -> None:
        inbox, failures, heard = SharedInbox(a), [StoreError("away"), StoreError("away")], []
        say = getattr(a, said)

        async def failing(update_id: int) -> None:
            if failures:
                raise failures.pop()
            await say(update_id)
            heard.append(update_id)

        monkeypatch.setattr(a, said, failing)
        await a.take_in([incoming(1)])
        await getattr(inbox, said)(1)
        assert heard == [1]
        assert (await a.pending() == ()) is (said == "mark_done")

    with_stores(postgresql, use)
