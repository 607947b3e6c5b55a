"""What was asked before: how a short question or a reply is understood by it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversations import is_short, is_tried_again, together, wins_together
from bot.turns import Earlier, Turn
from index.types import Answer
from tests.bot.answers import answer_of, ranked

BEFORE = Earlier("Who built the lighthouse?", is_replied_to=False)
REPLIED_TO = Earlier("Who built the lighthouse?", is_replied_to=True)


def sure(confidence: float) -> Answer:
    return replace(answer_of(ranked()), confidence=confidence)


def unsure(confidence: float = 0.1) -> Answer:
    return replace(answer_of(ranked(), answered=False), confidence=confidence)


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
