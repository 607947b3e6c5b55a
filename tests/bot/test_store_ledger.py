"""What many chats note at once is written in few transactions, and holds as if each had one of its own."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import Sending, SendingState, Store, StoreError
from bot.store_database import Database
from tests.bot.stores import ids, incoming, sent, with_store


def count_transactions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that gets an entry with every transaction from now on."""
    begun: list[str] = []
    begin = Database.begin

    @asynccontextmanager
    async def counted(database: Database) -> AsyncIterator[AsyncConnection]:
        begun.append("begun")
        async with begin(database) as connection:
            yield connection

    monkeypatch.setattr(Database, "begin", counted)
    return begun


async def answer(store: Store, number: int) -> Sending:
    """Do what is done for an update that is answered."""
    sending = await store.begin_sending(number, 0)
    store.note_sent(number, 0, 7, 100 + number, questions={number, 1_000 + number})
    await store.mark_done(number)
    return sending


def test_twenty_chats_share_their_transactions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = range(1, 21)

    async def use(store: Store) -> list[Sending]:
        await store.take_in([incoming(number) for number in numbers])
        begun = count_transactions(monkeypatch)
        sendings = await asyncio.gather(*(answer(store, number) for number in numbers))
        assert len(begun) <= 9
        assert await store.pending() == ()
        for number in numbers:
            assert await store.answer_to(7, number) == await store.answer_to(7, 1_000 + number)
            assert await store.begin_sending(number, 0) == Sending(SendingState.SENT, 100 + number)
        return sendings

    assert with_store(tmp_path, use) == [Sending(SendingState.NEW)] * 20


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=16))
def test_whatever_is_noted_at_once_each_message_is_new_to_one(notes: list[tuple[int, bool]]) -> None:
    async def note(store: Store, number: int, is_sent: bool) -> Sending:
        sending = await store.begin_sending(number, 0)
        if is_sent:
            await sent(store, (number, 0), 7, number)
        return sending

    async def use(store: Store) -> list[Sending]:
        return list(await asyncio.gather(*(note(store, *each) for each in notes)))

    with tempfile.TemporaryDirectory() as folder:
        sendings = with_store(Path(folder), use)
    for number in {number for number, _ in notes}:
        known = [each for (other, _), each in zip(notes, sendings, strict=True) if other == number]
        assert known.count(Sending(SendingState.NEW)) == 1
        assert set(known) <= {
            Sending(SendingState.NEW),
            Sending(SendingState.IN_FLIGHT),
            Sending(SendingState.SENT, number),
        }


def test_what_cannot_be_written_fails_whoever_noted_it_and_nobody_after(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        await store.take_in([incoming(1)])
        results = await asyncio.gather(
            store.begin_sending(2**70, 0), store.mark_done(1), return_exceptions=True
        )
        assert [type(each) for each in results] == [StoreError, StoreError]
        assert ids(await store.pending()) == [1]
        await store.mark_done(1)
        assert await store.pending() == ()

    with_store(tmp_path, use)


def test_that_a_message_was_sent_is_written_in_a_moment_though_nobody_waits(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        await store.begin_sending(1, 0)
        store.note_sent(1, 0, 7, 100, questions={5})
        while await store.answer_to(7, 5) is None:
            await asyncio.sleep(0)
        await store.begin_sending(2, 0)
        store.note_sent(2, 0, 7, 200)

    async def look(store: Store) -> list[Sending]:
        return [await store.begin_sending(number, 0) for number in (1, 2)]

    with_store(tmp_path, use)
    assert with_store(tmp_path, look) == [
        Sending(SendingState.SENT, 100),
        Sending(SendingState.SENT, 200),
    ]


def test_that_a_message_was_sent_is_written_with_what_can_be_written_next(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        for number in (1, 2):
            await store.begin_sending(number, 0)
        store.note_sent(1, 0, 7, 100, questions={5})
        for _ in range(2):
            with pytest.raises(StoreError):
                await store.begin_sending(2**70, 0)
        assert await store.begin_sending(1, 0) == Sending(SendingState.SENT, 100)
        assert await store.answer_to(7, 5) == 100
        store.note_sent(2, 0, 7, 200)
        with pytest.raises(StoreError):
            await store.begin_sending(2**70, 0)

    async def look(store: Store) -> Sending:
        return await store.begin_sending(2, 0)

    with_store(tmp_path, use)
    assert with_store(tmp_path, look) == Sending(SendingState.SENT, 200)


def test_an_update_and_its_answer_are_done_in_one_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(store: Store) -> int:
        await store.take_in([incoming(1)])
        begun = count_transactions(monkeypatch)
        await answer(store, 1)
        return len(begun)

    assert with_store(tmp_path, use) == 2


def test_closing_waits_for_what_was_noted_though_its_callers_are_gone(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        await store.take_in([incoming(number) for number in range(9)])
        tasks = [asyncio.create_task(store.mark_done(number)) for number in range(9)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()

    async def look(store: Store) -> list[int]:
        return ids(await store.pending())

    with_store(tmp_path, use)
    assert with_store(tmp_path, look) == []


def test_what_is_kept_for_good_is_there_as_before(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        await store.keep_for_good()
        await store.take_in([incoming(1)])
        await store.keep_for_good()
        assert ids(await store.pending()) == [1]

    with_store(tmp_path, use)
