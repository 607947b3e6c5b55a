"""Of several processes on one database, each update is in one hand, and each chat in order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable

import pytest

from bot.replicas import BUCKETS
from bot.store import IncomingUpdate, Store
from bot.store_claims import Claimed, LeaseLostError
from tests.postgresql import PostgreSQL

ALL = range(BUCKETS)


def with_two(postgresql: PostgreSQL, use: Callable[[Store, Store], Awaitable[None]]) -> None:
    """Open one new database twice, as two processes do, and use it."""

    async def run() -> None:
        first, second = await Store.open(address), await Store.open(address)
        try:
            await first.join("a")
            await second.join("b")
            await use(first, second)
        finally:
            await first.aclose()
            await second.aclose()

    address = postgresql.new_database()
    asyncio.run(run())


def incoming(update_id: int, chat: int) -> IncomingUpdate:
    """Return an update of a chat."""
    return IncomingUpdate(update_id, f"chat:{chat}", "{}")


def ids(claimed: Iterable[Claimed]) -> list[int]:
    """Return the numbers of updates."""
    return [each.incoming.update_id for each in claimed]


def test_what_one_has_in_hand_another_passes_over_with_all_that_follows_it(postgresql: PostgreSQL) -> None:
    async def use(a: Store, b: Store) -> None:
        await a.take_in([incoming(1, 7), incoming(2, 8), incoming(3, 7), incoming(4, 7)])
        assert ids(await a.claim_updates("a", ALL, 1, 8)) == [1]
        assert ids(await b.claim_updates("b", ALL, 9, 8)) == [2]
        assert ids(await b.claim_updates("b", ALL, 9, 8)) == []
        # Its own may follow at once: it keeps them in order itself.
        assert ids(await a.claim_updates("a", ALL, 9, 8)) == [3]
        await a.mark_done(1)
        assert ids(await b.claim_updates("b", ALL, 9, 8)) == []
        await a.mark_done(3)
        assert ids(await b.claim_updates("b", ALL, 9, 8)) == [4]

    with_two(postgresql, use)


def test_a_chat_that_floods_leaves_room_to_others(postgresql: PostgreSQL) -> None:
    async def use(a: Store, b: Store) -> None:
        await a.take_in([incoming(number, 7) for number in range(1, 13)])
        claimed = [ids(await a.claim_updates("a", ALL, 1, 3)) for _ in range(5)]
        assert claimed == [[1], [2], [3], [], []]
        await a.take_in([incoming(13, 8)])
        await a.mark_done(1)
        # Who has none in hand comes before who has, however long that one's have waited.
        assert ids(await a.claim_updates("a", ALL, 1, 3)) == [13]
        assert ids(await a.claim_updates("a", ALL, 9, 3)) == [4]
        assert ids(await a.claim_updates("a", ALL, 9, 3)) == []
        assert ids(await b.claim_updates("b", ALL, 9, 3)) == []

    with_two(postgresql, use)


def test_only_what_is_in_the_buckets_is_taken(postgresql: PostgreSQL) -> None:
    async def use(a: Store, b: Store) -> None:
        await a.take_in([incoming(each, each) for each in range(40)])
        low, high = range(BUCKETS // 2), range(BUCKETS // 2, BUCKETS)
        mine = ids(await a.claim_updates("a", low, 99, 8))
        others = ids(await b.claim_updates("b", high, 99, 8))
        assert sorted(mine + others) == list(range(40))
        assert mine
        assert others

    with_two(postgresql, use)


def test_whoever_is_silent_for_too_long_loses_what_it_had_in_hand(
    postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(a: Store, b: Store) -> None:
        await a.take_in([incoming(1, 7), incoming(2, 7)])
        (claimed,) = await a.claim_updates("a", ALL, 9, 8)
        assert not claimed.left_over
        assert await b.beat("b", takes=True, buries=False) == ("a", "b")
        monkeypatch.setattr("bot.store_claims.LEASE_SECONDS", 0.0)
        assert await b.beat("b", takes=True, buries=True) == ()
        await b.join("c")
        (claimed,) = await b.claim_updates("c", ALL, 9, 8)
        assert (claimed.incoming.update_id, claimed.left_over) == (1, True)
        for losing in (a.beat("a", takes=True, buries=False), a.claim_updates("a", ALL, 9, 8)):
            with pytest.raises(LeaseLostError):
                await losing
        assert ids(await b.claim_updates("c", ALL, 9, 8)) == [2]

    with_two(postgresql, use)


def test_whoever_leaves_lets_go_and_is_blamed_for_nothing(postgresql: PostgreSQL) -> None:
    async def use(a: Store, b: Store) -> None:
        await a.take_in([incoming(1, 7)])
        await a.claim_updates("a", ALL, 9, 8)
        await a.leave("a")
        (claimed,) = await b.claim_updates("b", ALL, 9, 8)
        assert not claimed.left_over
        assert await b.beat("b", takes=True, buries=False) == ("b",)

    with_two(postgresql, use)


def test_what_one_lets_go_of_is_left_over_to_whoever_claims_it_before_what_follows_it(
    postgresql: PostgreSQL,
) -> None:
    async def use(a: Store, b: Store) -> None:
        await a.take_in([incoming(1, 7), incoming(2, 7)])
        await a.claim_updates("a", ALL, 9, 8)
        await a.let_go(1)
        (claimed,) = await b.claim_updates("b", ALL, 9, 8)
        assert (claimed.incoming.update_id, claimed.left_over) == (1, True)
        assert ids(await a.claim_updates("a", ALL, 9, 8)) == []
        await b.mark_done(1)
        await b.let_go(1)
        assert ids(await a.claim_updates("a", ALL, 9, 8)) == [2]

    with_two(postgresql, use)


def test_whoever_is_about_to_end_is_not_among_those_that_take(postgresql: PostgreSQL) -> None:
    async def use(a: Store, b: Store) -> None:
        assert await a.beat("a", takes=False, buries=False) == ("b",)
        assert await b.beat("b", takes=True, buries=False) == ("b",)

    with_two(postgresql, use)


def test_many_at_once_take_each_update_once_and_each_chat_in_order(postgresql: PostgreSQL) -> None:
    """Eight workers on two connections pools claim, wait a moment and mark done, all of 20 chats."""
    chance = random.Random(1)
    updates = [incoming(number, chance.randrange(20)) for number in range(400)]
    handled: list[IncomingUpdate] = []
    in_hand: set[str] = set()

    async def work(store: Store, name: str, *, joins: bool) -> None:
        if joins:
            await store.join(name)
        while len(handled) < len(updates):
            claimed = await store.claim_updates(name, ALL, 5, 8)
            for each in claimed:
                key = each.incoming.chat_key
                assert key not in in_hand
                in_hand.add(key)
                await asyncio.sleep(0)
                in_hand.remove(key)
                handled.append(each.incoming)
                await store.mark_done(each.incoming.update_id)

    async def use(a: Store, b: Store) -> None:
        await a.take_in(updates)
        extra = [work(store, f"{number}", joins=True) for number in range(3) for store in (a,)]
        await asyncio.gather(work(a, "a", joins=False), work(b, "b", joins=False), *extra)

    with_two(postgresql, use)
    assert sorted(each.update_id for each in handled) == list(range(400))
    for chat in range(20):
        own = [each.update_id for each in handled if each.chat_key == f"chat:{chat}"]
        assert own == sorted(own)


def test_one_at_a_time_has_the_turn_to_rebuild(postgresql: PostgreSQL) -> None:
    async def use(a: Store, b: Store) -> None:
        begun = await asyncio.gather(*(store.begin_rebuild(name) for store, name in ((a, "a"), (b, "b")) * 5))
        assert sum(begun) == 1
        first, name = (a, "a") if any(begun[::2]) else (b, "b")
        await first.end_rebuild(name)
        assert await b.begin_rebuild("b")
        assert not await a.begin_rebuild("a")
        # Whoever ends without giving it back does not keep it.
        await b.leave("b")
        assert await a.begin_rebuild("a")

    with_two(postgresql, use)


def test_whose_share_has_grown_is_told_to_those_who_listen(postgresql: PostgreSQL) -> None:
    async def use(a: Store, b: Store) -> None:
        heard: asyncio.Queue[int | None] = asyncio.Queue()
        async with b.listening(heard.put_nowait, lambda: None):
            await a.ring([incoming(1, 7), incoming(2, 7)])
            assert await heard.get() is not None
            assert heard.empty()
            await a.leave("a")
            assert await heard.get() is None

    with_two(postgresql, use)


def test_a_lost_connection_is_told_to_those_who_listen(postgresql: PostgreSQL) -> None:
    async def use(a: Store, b: Store) -> None:
        lost = asyncio.Event()
        async with b.listening(lambda _: None, lost.set):
            ending = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
            await asyncio.to_thread(postgresql.execute, ending)
            await lost.wait()

    with_two(postgresql, use)
