"""What was asked before is remembered by who asked and by the answer, whichever state it is kept in."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from bot.conversations import Conversations
from bot.store import Store
from bot.turns import Earlier, HeldTurns, Speaker, Turn
from tests.bot.card_texts import any_text
from tests.bot.stores import with_store

ANN = Speaker(1, None, 10)
BOB = Speaker(1, None, 11)
SOMEBODY = Speaker(1, None, None)


def asked(subject: str, message_id: int = 1, earlier: Earlier | None = None) -> Turn:
    """Return a turn."""
    return Turn(message_id, subject, earlier)


def test_the_question_before_is_that_of_the_same_person_in_the_same_topic(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        conversations = Conversations(store)
        await conversations.remember(ANN, asked("Who?", 1))
        assert await conversations.earlier(ANN) == Earlier("Who?", is_replied_to=False)
        for other in (BOB, Speaker(2, None, 10), Speaker(1, 5, 10), SOMEBODY):
            assert await conversations.earlier(other) is None

    with_store(tmp_path, use)


def test_each_topic_of_a_chat_has_a_question_before_of_its_own(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        conversations = Conversations(store)
        topics = [Speaker(1, topic, 10) for topic in (None, 5, 6)]
        for number, speaker in enumerate(topics):
            await conversations.remember(speaker, asked(f"{number}?", number))
        earlier = [await conversations.earlier(speaker) for speaker in topics]
        assert earlier == [Earlier(f"{number}?", is_replied_to=False) for number in range(3)]

    with_store(tmp_path, use)


def test_the_last_question_is_the_one_before(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        conversations = Conversations(store)
        await conversations.remember(ANN, asked("Who?", 1))
        await conversations.remember(ANN, asked("Where?", 2))
        assert await conversations.earlier(ANN) == Earlier("Where?", is_replied_to=False)

    with_store(tmp_path, use)


def test_nobody_in_particular_has_no_question_before(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        conversations = Conversations(store)
        await conversations.remember(SOMEBODY, asked("Who?", 1))
        assert await conversations.earlier(SOMEBODY) is None

    with_store(tmp_path, use)


def test_a_reply_belongs_to_the_answer_whoever_got_it(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        conversations = Conversations(store)
        await conversations.remember(ANN, asked("Who?", 1))
        await conversations.remember(ANN, asked("Where?", 2))
        for speaker in (ANN, BOB, SOMEBODY, Speaker(1, 5, 10)):
            earlier = await conversations.earlier(speaker, replied_to=1)
            assert earlier == Earlier("Who?", is_replied_to=True)
        assert await conversations.earlier(Speaker(2, None, 10), replied_to=1) is None

    with_store(tmp_path, use)


def test_a_reply_to_what_is_no_answer_goes_on_from_the_question_before(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        conversations = Conversations(store)
        await conversations.remember(ANN, asked("Who?", 1))
        assert await conversations.earlier(ANN, replied_to=9) == Earlier("Who?", is_replied_to=False)

    with_store(tmp_path, use)


def test_an_edited_question_belongs_to_what_it_belonged_to(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        conversations = Conversations(store)
        await conversations.remember(ANN, asked("Who?", 1))
        await conversations.remember(ANN, asked("Wehn?", 2, await conversations.earlier(ANN)))
        replied = Earlier("Who?", is_replied_to=True)
        await conversations.remember(ANN, asked("Why?", 3, replied))
        assert await conversations.earlier(ANN, edits_answer=2) == Earlier("Who?", is_replied_to=False)
        assert await conversations.earlier(ANN, edits_answer=3) == replied
        assert await conversations.earlier(ANN, edits_answer=1) is None
        assert await conversations.earlier(ANN, edits_answer=9) is None

    with_store(tmp_path, use)


def test_editing_an_older_question_does_not_make_it_the_last(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        conversations = Conversations(store)
        await conversations.remember(ANN, asked("Who?", 1))
        await conversations.remember(ANN, asked("Where?", 2))
        await conversations.remember(ANN, asked("Why?", 1))
        assert await conversations.earlier(ANN) == Earlier("Where?", is_replied_to=False)
        assert await conversations.earlier(ANN, replied_to=1) == Earlier("Why?", is_replied_to=True)
        await conversations.remember(ANN, asked("Whence?", 2))
        assert await conversations.earlier(ANN) == Earlier("Whence?", is_replied_to=False)

    with_store(tmp_path, use)


@given(question=any_text(), before=any_text())
def test_any_question_is_remembered(
    tmp_path_factory: pytest.TempPathFactory, question: str, before: str
) -> None:
    async def use(store: Store) -> None:
        await store.note_turn(ANN, asked(question, 1, Earlier(before, is_replied_to=True)))
        turn = await store.last_turn(ANN)
        assert turn is not None
        assert turn.earlier is not None
        for there, given_text in ((turn.subject, question), (turn.earlier.question, before)):
            # What no database takes became a sign of it.
            assert len(there) == len(given_text)

    with_store(tmp_path_factory.mktemp("turns"), use)


def test_where_no_question_may_be_kept_it_is_remembered_in_memory_alone(tmp_path: Path) -> None:
    async def use(store: Store) -> None:
        await store.note_turn(ANN, asked("Where is my secret garden?"))
        turn = await store.last_turn(ANN)
        assert turn is not None
        assert turn.subject == "Where is my secret garden?"

    async def after_the_restart(store: Store) -> Turn | None:
        return await store.last_turn(ANN)

    with_store(tmp_path, use, keep_questions_days=0)
    assert with_store(tmp_path, after_the_restart, keep_questions_days=0) is None


def test_in_memory_the_oldest_is_forgotten_and_what_was_looked_at_last_is_kept() -> None:
    held = HeldTurns(most_speakers=2, most_answers=2)
    held.put(ANN, asked("Ann's?", 1))
    held.put(BOB, asked("Bob's?", 2))
    assert held.last_of(ANN) is not None
    held.put(Speaker(1, None, 12), asked("Cid's?", 3))
    assert held.last_of(BOB) is None
    assert held.last_of(ANN) is not None
    known = [held.with_answer(1, message_id) is not None for message_id in (1, 2, 3)]
    assert known == [False, True, True]
