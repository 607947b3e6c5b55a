"""What was asked before: how a short question or a reply is understood by it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversations import (
    Conversations,
    Earlier,
    Speaker,
    Turn,
    is_short,
    is_tried_again,
    together,
    wins_together,
)
from index.types import Answer
from tests.bot.answers import answer_of, ranked

ANN = Speaker(1, None, 10)
BOB = Speaker(1, None, 11)
SOMEBODY = Speaker(1, None, None)
BEFORE = Earlier("Who built the lighthouse?", is_replied_to=False)
REPLIED_TO = Earlier("Who built the lighthouse?", is_replied_to=True)


def sure(confidence: float) -> Answer:
    return replace(answer_of(ranked()), confidence=confidence)


def unsure(confidence: float = 0.1) -> Answer:
    return replace(answer_of(ranked(), answered=False), confidence=confidence)


def asked(subject: str, message_id: int = 1, earlier: Earlier | None = None) -> Turn:
    return Turn(message_id, subject, earlier)


def test_the_question_before_is_that_of_the_same_person_in_the_same_topic() -> None:
    conversations = Conversations()
    conversations.remember(ANN, asked("Who?", 1))
    assert conversations.earlier(ANN) == Earlier("Who?", is_replied_to=False)
    others = [BOB, Speaker(2, None, 10), Speaker(1, 5, 10), SOMEBODY]
    assert [conversations.earlier(other) for other in others] == [None] * 4


def test_the_last_question_is_the_one_before() -> None:
    conversations = Conversations()
    conversations.remember(ANN, asked("Who?", 1))
    conversations.remember(ANN, asked("Where?", 2))
    assert conversations.earlier(ANN) == Earlier("Where?", is_replied_to=False)


def test_nobody_in_particular_has_no_question_before() -> None:
    conversations = Conversations()
    conversations.remember(SOMEBODY, asked("Who?", 1))
    assert conversations.earlier(SOMEBODY) is None


def test_a_reply_belongs_to_the_answer_whoever_got_it() -> None:
    conversations = Conversations()
    conversations.remember(ANN, asked("Who?", 1))
    conversations.remember(ANN, asked("Where?", 2))
    for speaker in (ANN, BOB, SOMEBODY, Speaker(1, 5, 10)):
        assert conversations.earlier(speaker, replied_to=1) == Earlier("Who?", is_replied_to=True)
    assert conversations.earlier(Speaker(2, None, 10), replied_to=1) is None


def test_a_reply_to_what_is_no_answer_goes_on_from_the_question_before() -> None:
    conversations = Conversations()
    conversations.remember(ANN, asked("Who?", 1))
    assert conversations.earlier(ANN, replied_to=9) == Earlier("Who?", is_replied_to=False)


def test_an_edited_question_belongs_to_what_it_belonged_to() -> None:
    conversations = Conversations()
    conversations.remember(ANN, asked("Who?", 1))
    conversations.remember(ANN, asked("Wehn?", 2, conversations.earlier(ANN)))
    assert conversations.earlier(ANN, edits_answer=2) == Earlier("Who?", is_replied_to=False)
    assert conversations.earlier(ANN, edits_answer=1) is None
    assert conversations.earlier(ANN, edits_answer=9) is None


def test_editing_an_older_question_does_not_make_it_the_last() -> None:
    conversations = Conversations()
    conversations.remember(ANN, asked("Who?", 1))
    conversations.remember(ANN, asked("Where?", 2))
    conversations.remember(ANN, asked("Why?", 1))
    assert conversations.earlier(ANN) == Earlier("Where?", is_replied_to=False)
    assert conversations.earlier(ANN, replied_to=1) == Earlier("Why?", is_replied_to=True)
    conversations.remember(ANN, asked("Whence?", 2))
    assert conversations.earlier(ANN) == Earlier("Whence?", is_replied_to=False)


def test_answers_are_known() -> None:
    conversations = Conversations()
    conversations.remember(ANN, asked("Who?", 1))
    assert conversations.is_answer(1, 1)
    assert not conversations.is_answer(1, 2)
    assert not conversations.is_answer(2, 1)


def test_the_oldest_is_forgotten_and_what_was_looked_at_last_is_kept() -> None:
    conversations = Conversations(most_speakers=2, most_answers=2)
    conversations.remember(ANN, asked("Ann's?", 1))
    conversations.remember(BOB, asked("Bob's?", 2))
    assert conversations.earlier(ANN) is not None
    conversations.remember(Speaker(1, None, 12), asked("Cid's?", 3))
    assert conversations.earlier(BOB) is None
    assert conversations.earlier(ANN) is not None
    assert [conversations.is_answer(1, message_id) for message_id in (1, 2, 3)] == [False, True, True]


@pytest.mark.parametrize(
    ("question", "short"),
    [
        ("When?", True),
        ("", True),
        ("And what about black tea?", True),
        ("And what about the black tea?", False),
        ("— and — then — what — now — ?", True),
        ("什么时候建的？", True),
        ("红茶可以保存多长时间呢？", False),
        ("И когда это было?", True),
    ],
)
def test_five_words_are_short(question: str, short: bool) -> None:
    assert is_short(question) is short


@pytest.mark.parametrize(
    ("question", "alone", "earlier", "again"),
    [
        ("When?", unsure(), BEFORE, True),
        ("When?", sure(0.9), BEFORE, False),
        ("When did the keeper leave the island?", unsure(), BEFORE, False),
        ("When?", unsure(), REPLIED_TO, True),
        ("When?", sure(0.9), REPLIED_TO, True),
        ("When did the keeper leave the island?", unsure(), REPLIED_TO, True),
        ("When did the keeper leave the island?", sure(0.9), REPLIED_TO, False),
    ],
)
def test_what_is_tried_again(question: str, alone: Answer, earlier: Earlier, again: bool) -> None:
    assert is_tried_again(question, alone, earlier) is again


@pytest.mark.parametrize(
    ("alone", "both", "wins"),
    [(0.3, 0.7, True), (0.7, 0.3, False), (0.5, 0.5, False)],
)
def test_the_better_supported_wins(alone: float, both: float, wins: bool) -> None:
    assert wins_together(sure(alone), sure(both)) is wins


def test_what_found_nothing_does_not_win() -> None:
    assert not wins_together(answer_of(answered=False), replace(answer_of(answered=False), confidence=0.5))


@pytest.mark.parametrize(
    ("earlier", "question", "whole"),
    [
        ("Who built it?", "When?", "Who built it? When?"),
        ("who built it", "when", "who built it? when"),
        ("谁建的？", "什么时候？", "谁建的？ 什么时候？"),
        ("Tell me about tea.", " Black. ", "Tell me about tea. Black."),
        ("", "When?", "When?"),
    ],
)
def test_two_questions_become_one(earlier: str, question: str, whole: str) -> None:
    assert together(earlier, question) == whole


@given(st.text(), st.text())
def test_neither_question_is_lost(earlier: str, question: str) -> None:
    whole = together(earlier, question)
    assert whole.startswith(earlier.strip())
    assert whole.endswith(question.strip())


@given(st.text())
def test_any_text_is_short_or_not(text: str) -> None:
    assert is_short(text) or len(text) > 5


def test_questions_are_in_no_record_that_is_printed() -> None:
    secret = "Who leaves the company?"
    printed = repr([Earlier(secret, is_replied_to=True), Turn(1, secret, None)])
    assert secret not in printed
