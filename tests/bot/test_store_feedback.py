"""A person has one vote on a message; questions are kept no longer than they may be."""

from __future__ import annotations

import asyncio
import re
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.store import Store, VoteChange, VoteCount, VotePlace, VoteResult
from bot.store_turns import KEPT_TO_GO_ON
from tests.bot.stores import everything_in, with_store

PLACE = VotePlace.of_message(-100, 5)
OTHER_PLACE = VotePlace.of_inline_message("AbC")
TEA, BREAD = "0123456789abcdef", "fedcba9876543210"


def test_a_person_counts_once_and_may_change_their_mind(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        assert await store.vote(PLACE, 1, True, TEA) == VoteResult(VoteChange.NEW, VoteCount(1, 0))
        assert await store.vote(PLACE, 1, True, TEA) == VoteResult(VoteChange.SAME, VoteCount(1, 0))
        assert await store.vote(PLACE, 2, False, TEA) == VoteResult(VoteChange.NEW, VoteCount(1, 1))
        assert await store.vote(PLACE, 1, False, TEA) == VoteResult(VoteChange.CHANGED, VoteCount(0, 2))
        assert await store.vote(OTHER_PLACE, 1, True, TEA) == VoteResult(VoteChange.NEW, VoteCount(1, 0))
        assert await store.votes(TEA) == VoteCount(1, 2)

    with_store(tmp_path, use)


def test_a_vote_on_the_next_passage_of_a_message_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        await store.vote(PLACE, 1, True, TEA)
        assert await store.vote(PLACE, 1, True, BREAD) == VoteResult(VoteChange.CHANGED, VoteCount(1, 0))
        assert (await store.votes(TEA), await store.votes(BREAD)) == (VoteCount(0, 0), VoteCount(1, 0))

    with_store(tmp_path, use)


def test_a_button_pressed_many_times_at_once_is_one_vote(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        results = await asyncio.gather(*(store.vote(PLACE, 1, True, TEA) for _ in range(20)))
        assert [each.change for each in results].count(VoteChange.NEW) == 1
        assert {each.count for each in results} == {VoteCount(1, 0)}

    with_store(tmp_path, use)


def test_gaps_come_newest_first_and_no_more_than_asked_for(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        for number in range(4):
            await store.record_gap(f"Why {number}?", "en", number / 10)
        await store.record_gap(None, None, 0.5)
        found = await store.gaps(3)
        assert [(gap.question, gap.language, gap.confidence) for gap in found] == [
            (None, None, 0.5),
            ("Why 3?", "en", 0.3),
            ("Why 2?", "en", 0.2),
        ]

    with_store(tmp_path, use)


def test_where_no_question_may_be_kept_none_reaches_the_disk(tmp_path: Path) -> None:
    async def use(store: Store) -> str:
        await store.record_gap("Where is my secret garden?", "en", 0.1)
        key = await store.keep_question("Where is my secret garden?")
        assert await store.kept_question(key) == "Where is my secret garden?"
        assert [(gap.question, gap.language) for gap in await store.gaps(9)] == [(None, "en")]
        assert b"secret garden" not in everything_in(tmp_path)
        return key

    async def after_the_restart(store: Store) -> str | None:
        return await store.kept_question(key)

    key = with_store(tmp_path, use, keep_questions_days=0)
    assert b"secret garden" not in everything_in(tmp_path)
    assert with_store(tmp_path, after_the_restart, keep_questions_days=0) is None


def test_of_questions_held_in_memory_the_oldest_give_way(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        keys = [await store.keep_question(str(number)) for number in range(1_100)]
        held = [await store.kept_question(key) for key in keys]
        assert held == [None] * 100 + [str(number) for number in range(100, 1_100)]

    with_store(tmp_path, use, keep_questions_days=0)


def test_a_kept_question_survives_a_restart_under_a_key_that_a_link_can_carry(tmp_path: Path) -> None:
    async def use(store: Store) -> str:
        return await store.keep_question("Is tea green?")

    async def after_the_restart(store: Store) -> tuple[str | None, str | None]:
        return await store.kept_question(key), await store.kept_question("unknown")

    key = with_store(tmp_path, use)
    assert re.fullmatch(r"[A-Za-z0-9_-]{10,60}", key)
    assert with_store(tmp_path, after_the_restart) == ("Is tea green?", None)


@settings(max_examples=40)
@given(text=st.text(st.characters()) | st.sampled_from(["\ud83d", "a\0b", "\ud83d\ude00", "'; --"]))
def test_any_text_can_be_kept_and_comes_back_but_for_what_is_no_text(text: str) -> None:
    async def use(store: Store) -> tuple[str | None, str | None]:
        await store.record_gap(text, "en", 0.1)
        return (await store.gaps(1))[0].question, await store.kept_question(await store.keep_question(text))

    with tempfile.TemporaryDirectory() as folder:
        kept = with_store(Path(folder), use)
    expected = "".join("?" if sign == "\0" or "\ud800" <= sign <= "\udfff" else sign for sign in text)
    assert kept == (expected, expected)


def test_chosen_results_are_counted(tmp_path: Path) -> None:
    async def use(store: Store) -> int:
        await asyncio.gather(*(store.count_chosen(TEA) for _ in range(3)), store.count_chosen(BREAD))
        return (await store.statistics()).chosen

    assert with_store(tmp_path, use) == 4


@pytest.mark.parametrize("days", [0, 30])
def test_the_question_of_an_inline_message_is_kept_like_any_other(tmp_path: Path, days: int) -> None:
    async def use(store: Store) -> None:
        assert await store.question_of("AAQ") is None
        await store.keep_question_of("AAQ", "Who planted the garden?")
        await store.keep_question_of("AAQ", "Who planted the garden?")
        assert await store.question_of("AAQ") == "Who planted the garden?"
        assert await store.question_of("AAR") is None
        if days:
            await store.purge(datetime.now(UTC) + KEPT_TO_GO_ON + timedelta(minutes=1))
            assert await store.question_of("AAQ") is None

    with_store(tmp_path, use, keep_questions_days=days)
    assert days or b"garden" not in everything_in(tmp_path)
