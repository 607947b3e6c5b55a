"""The store forgets in time, and what it has erased is nowhere on the disk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import store_people
from bot.store import Sending, SendingState, Store, StoreStatistics, VoteCount, VotePlace
from tests.bot.stores import address_of, everything_in, ids, incoming, sent, with_store


def after(**span: float) -> datetime:
    """Return the moment so long after now."""
    return datetime.now(UTC) + timedelta(**span)


def test_an_update_that_is_done_is_known_for_two_weeks_and_no_longer(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        await store.take_in([incoming(1)])
        await store.mark_done(1)
        await store.purge(after(days=13))
        assert await store.take_in([incoming(1)]) == ()
        await store.purge(after(days=15))
        assert ids(await store.take_in([incoming(1)])) == [1]

    with_store(tmp_path, use)


def test_what_is_not_done_is_never_forgotten_nor_what_was_sent_in_answer_to_it(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        await store.take_in([incoming(1), incoming(2)])
        for update_id in (1, 2):
            await store.begin_sending(update_id, 0)
            await sent(store, (update_id, 0), 7, update_id)
        await store.mark_done(2)
        await store.purge(after(days=400))
        assert ids(await store.pending()) == [1]
        assert await store.begin_sending(1, 0) == Sending(SendingState.SENT, 1)
        assert await store.begin_sending(2, 0) == Sending(SendingState.NEW)

    with_store(tmp_path, use)


def test_which_message_answers_which_is_forgotten_after_two_weeks(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        await sent(store, (5, 0), 7, 2, questions={1})
        await store.purge(after(days=13))
        assert await store.answer_to(7, 1) == 2
        await store.purge(after(days=15))
        assert await store.answer_to(7, 1) is None

    with_store(tmp_path, use)


def test_the_text_of_a_gap_is_forgotten_when_its_days_are_over_but_not_that_there_was_one(
    tmp_path: Path,
) -> None:
    async def use(store: Store) -> None:
        await store.record_gap("Who planted it?", "en", 0.25)
        await store.purge(after(days=2.9))
        assert [gap.question for gap in await store.gaps(9)] == ["Who planted it?"]
        await store.purge(after(days=3.1))
        assert [(gap.question, gap.confidence) for gap in await store.gaps(9)] == [(None, 0.25)]

    with_store(tmp_path, use, keep_questions_days=3)


def test_a_question_kept_for_a_link_is_forgotten_after_a_day(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        key = await store.keep_question("Who planted it?")
        await store.purge(after(hours=23))
        assert await store.kept_question(key) == "Who planted it?"
        await store.purge(after(hours=25))
        assert await store.kept_question(key) is None

    with_store(tmp_path, use)


def test_questions_kept_before_are_forgotten_once_none_may_be_kept(tmp_path: Path) -> None:
    async def keep(store: Store) -> None:
        await store.record_gap("Who planted the garden?", "en", 0.25)
        await store.keep_question("Who planted the garden?")

    async def purge(store: Store) -> None:
        await store.purge(after(seconds=1))
        assert b"the garden" not in everything_in(tmp_path)

    with_store(tmp_path, keep)
    assert b"the garden" in everything_in(tmp_path)
    with_store(tmp_path, purge, keep_questions_days=0)


def test_what_was_asked_is_nowhere_on_the_disk_once_it_is_done_and_purged(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        await store.take_in([incoming(each, '{"text": "Where is the garden?"}' * 400) for each in (1, 2, 3)])
        assert b"Where is the garden?" in everything_in(tmp_path)
        for each in (1, 2, 3):
            await store.mark_done(each)
        await store.purge(after(seconds=1))
        assert b"Where is the garden?" not in everything_in(tmp_path)
        assert b"chat:7" not in everything_in(tmp_path)

    with_store(tmp_path, use)


def test_the_statistics_tell_how_much_there_is(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        assert await store.statistics() == StoreStatistics(0, 0, 0, VoteCount(0, 0), 0, 0, 0)
        await store.take_in([incoming(each) for each in (1, 2, 3)])
        await store.mark_done(1)
        await store.record_gap(None, "en", 0.1)
        await store.vote(VotePlace.of_message(7, 1), 1, False, "0123456789abcdef")
        await store.count_chosen("0123456789abcdef")
        await store.add_admin(1)
        await store.remember_group(-5)
        assert await store.statistics() == StoreStatistics(
            pending=2, done=1, gaps=1, votes=VoteCount(0, 1), chosen=1, admins=1, groups=1
        )

    with_store(tmp_path, use)


def test_a_language_is_known_without_looking_until_it_may_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(store: Store) -> None:
        other = await Store.open(address_of(tmp_path))
        assert await store.interface_language(7) is None
        await store.set_interface_language(7, "de")
        assert await store.interface_language(7) == "de"
        await other.set_interface_language(7, "es")
        await other.aclose()
        assert await store.interface_language(7) == "de"
        monkeypatch.setattr(store_people, "LANGUAGE_SECONDS", 0.0)
        await store.set_interface_language(8, "ru")
        await store.forget_group(7)
        assert await store.interface_language(7) is None
        assert await store.interface_language(8) == "ru"

    with_store(tmp_path, use)
