"""What came in is known, in order, and given out once; what went out is known to have."""

from __future__ import annotations

import asyncio
import tempfile
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.store import IncomingUpdate, Sending, SendingState, Store, StoreError
from tests.bot.stores import ids, incoming, sent, with_store

batches = st.lists(st.lists(st.integers(1, 12), max_size=8), max_size=8)


@settings(max_examples=40)
@given(batches=batches, done=st.sets(st.integers(1, 12)))
def test_each_update_is_new_once_whatever_comes_again_and_is_pending_until_done(
    batches: list[list[int]], done: set[int]
) -> None:
    async def take_in(store: Store) -> list[list[int]]:
        taken = [ids(await store.take_in([incoming(each) for each in batch])) for batch in batches]
        for each in done:
            await store.mark_done(each)
        return taken

    async def look(store: Store) -> tuple[list[int], list[int]]:
        left = ids(await store.pending())
        again = [ids(await store.take_in([incoming(each) for each in batch])) for batch in batches]
        return left, list(chain(*again))

    arrivals = list(dict.fromkeys(chain(*batches)))
    with tempfile.TemporaryDirectory() as folder:
        taken = with_store(Path(folder), take_in)
        left, again = with_store(Path(folder), look)
    known: set[int] = set()
    for batch, fresh in zip(batches, taken, strict=True):
        assert fresh == [each for each in dict.fromkeys(batch) if each not in known]
        known.update(batch)
    assert left == [each for each in arrivals if each not in done]
    assert again == []


@given(
    chat_key=st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    payload=st.text(st.characters(codec="ascii", exclude_characters="\0")),
)
@settings(max_examples=30)
def test_what_is_pending_is_what_came(chat_key: str, payload: str) -> None:
    update = IncomingUpdate(2**40, chat_key, payload)

    async def use(store: Store) -> tuple[IncomingUpdate, ...]:
        await store.take_in([update])
        return await store.pending()

    with tempfile.TemporaryDirectory() as folder:
        assert with_store(Path(folder), use) == (update,)


def test_a_batch_of_any_length_is_taken_in(tmp_path: Path) -> None:
    numbers = list(range(5_000, 0, -1))

    async def use(store: Store) -> None:
        assert ids(await store.take_in([incoming(each) for each in numbers])) == numbers
        assert ids(await store.pending()) == numbers

    with_store(tmp_path, use)


def test_what_is_pending_is_read_a_page_at_a_time_or_one_by_its_number(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        await store.take_in([incoming(each) for each in (5, 3, 9, 1, 7)])
        await store.mark_done(9)
        assert ids(await store.pending(most=2)) == [5, 3]
        assert ids(await store.pending(after=3, most=9)) == [1, 7]
        assert ids(await store.pending(after=7)) == []
        # What it came after may be done meanwhile.
        assert ids(await store.pending(after=9)) == [1, 7]
        assert await store.pending_update(3) == incoming(3)
        assert await store.pending_update(9) is None
        assert await store.pending_update(99) is None

    with_store(tmp_path, use)


def test_a_batch_that_cannot_be_written_is_left_out_as_a_whole(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        with pytest.raises(StoreError, match=r"OverflowError|DBAPIError 22000"):
            await store.take_in([incoming(1), incoming(2**70)])
        assert await store.pending() == ()
        assert ids(await store.take_in([incoming(1)])) == [1]

    with_store(tmp_path, use)


def test_updates_taken_in_by_many_tasks_at_once_are_each_new_to_one(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        batch = [incoming(each) for each in range(10)]
        taken = await asyncio.gather(*(store.take_in(batch) for _ in range(20)))
        assert sorted(chain(*map(ids, taken))) == list(range(10))

    with_store(tmp_path, use)


def test_an_update_whose_taking_in_is_cut_off_is_given_out_once_when_it_comes_again(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        cut_off = 0
        for steps in range(40):
            task = asyncio.create_task(store.take_in([incoming(steps)]))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            (first,) = await asyncio.gather(task, return_exceptions=True)
            cut_off += isinstance(first, asyncio.CancelledError)
            given_out = [] if isinstance(first, BaseException) else ids(first)
            given_out += ids(await store.take_in([incoming(steps)]))
            given_out += ids(await store.take_in([incoming(steps)]))
            assert given_out == [steps]
        assert cut_off
        assert ids(await store.pending()) == list(range(40))

    with_store(tmp_path, use)


def test_what_was_begun_is_done_though_its_caller_is_cancelled(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        await store.take_in([incoming(1)])
        task = asyncio.create_task(store.mark_done(1))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def look(store: Store) -> list[int]:
        return ids(await store.pending())

    with_store(tmp_path, use)
    assert with_store(tmp_path, look) == []


def test_attempts_are_counted_where_they_begin_and_not_by_waiting(tmp_path: Path) -> None:
    async def use(store: Store) -> int:
        await store.take_in([incoming(1)])
        assert ids(await store.pending()) == [1]
        return await store.count_attempt(1)

    assert [with_store(tmp_path, use) for _ in range(3)] == [1, 2, 3]


def test_what_is_not_known_was_never_attempted_and_may_be_marked_done(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        await store.mark_done(404)
        assert await store.count_attempt(404) == 0

    with_store(tmp_path, use)


def test_a_sending_is_new_then_in_flight_then_sent(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        assert await store.begin_sending(5, 0) == Sending(SendingState.NEW)
        assert await store.begin_sending(5, 0) == Sending(SendingState.IN_FLIGHT)
        await sent(store, (5, 0), -1_001_234_567_890, 77)
        assert await store.begin_sending(5, 0) == Sending(SendingState.SENT, 77)
        assert await store.begin_sending(5, 1) == Sending(SendingState.NEW)
        assert await store.begin_sending(6, 0) == Sending(SendingState.NEW)

    with_store(tmp_path, use)


def test_one_of_many_tasks_at_once_begins_a_sending(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        begun = await asyncio.gather(*(store.begin_sending(5, 0) for _ in range(30)))
        assert [each.state for each in begun].count(SendingState.NEW) == 1

    with_store(tmp_path, use)


def test_the_last_answer_to_a_question_is_remembered_in_its_chat(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        await sent(store, (5, 0), 7, 2, questions={1})
        await sent(store, (6, 0), 7, 4, questions={1})
        await sent(store, (7, 0), 8, 9, questions={1})
        assert await store.answer_to(7, 1) == 4
        assert await store.answer_to(8, 1) == 9
        assert await store.answer_to(7, 2) is None
        assert await store.is_answer(7, 4)
        assert not await store.is_answer(8, 4)
        assert not await store.is_answer(7, 1)

    with_store(tmp_path, use)
