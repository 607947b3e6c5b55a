"""What was asked before: how a short question or a reply is understood by it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversations import (
    is_remark,
    is_short,
    is_tried_again,
    says_no_more,
    searched,
    subject,
    together,
    wins_together,
)
from bot.turns import Earlier, Turn
from index.types import Answer
from tests.bot.answers import answer_of, ranked
from tests.bot.card_texts import any_text, passage_of

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


@pytest.mark.parametrize(("probability", "wins"), [(0.2, True), (0.03, False)])
def test_what_is_not_answered_wins_only_with_what_is_near(probability: float, wins: bool) -> None:
    """Of two next to nothings chance says which is more; the question is then recorded as it was asked."""
    both = replace(answer_of(ranked(probability=probability), answered=False), confidence=probability)
    assert wins_together(unsure(0.01), both) is wins


def test_what_found_nothing_does_not_win() -> None:
    assert not wins_together(answer_of(answered=False), replace(answer_of(answered=False), confidence=0.5))


SENTENCES = ("It was built in 1858. ", "Its lamp was lit with kerosene.")


@pytest.mark.parametrize(
    ("both", "before", "no_more"),
    [
        (answer_of(passage_of(*SENTENCES, marked=0)), answer_of(passage_of(*SENTENCES, marked=0)), True),
        (answer_of(passage_of(*SENTENCES, marked=1)), answer_of(passage_of(*SENTENCES, marked=0)), False),
        (
            answer_of(passage_of(*SENTENCES, marked=0, number=2)),
            answer_of(passage_of(*SENTENCES, marked=0, number=1)),
            False,
        ),
        (
            answer_of(passage_of(*SENTENCES, marked=0)),
            answer_of(passage_of(*SENTENCES, marked=0), answered=False),
            False,
        ),
        (
            answer_of(passage_of(*SENTENCES, marked=0), answered=False),
            answer_of(passage_of(*SENTENCES, marked=0)),
            False,
        ),
    ],
    ids=["the same sentence", "another sentence", "another passage", "nothing was shown", "no answer now"],
)
def test_the_sentence_that_was_shown_is_no_answer_to_a_follow_up(
    both: Answer, before: Answer, no_more: bool
) -> None:
    assert says_no_more(both, before) is no_more


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("Haha nice one, I did not know that about them", True),
        ("And what did they do with all of the old lamps?", False),
        ("他们后来把所有的旧灯都怎么样了？", False),
        ("And the old lamp?", False),
        ("and the old lamp", False),
    ],
)
def test_a_long_reply_that_asks_nothing_is_a_remark(text: str, remark: bool) -> None:
    assert is_remark(text) is remark


@pytest.mark.parametrize(
    ("question", "about"),
    [
        ("Who built the lighthouse of Hornby Head?", "built lighthouse Hornby Head"),
        ("By how much did U.S. sales rise in 2024?", "U.S sales rise 2024"),
        ("Wer leitet Nissan?", "leitet Nissan"),
        ("¿Quién es el director de Nissan?", "director Nissan"),
        ("Кто руководит заводом?", "руководит заводом"),
        ("谁领导日产？", "领导日产"),
        ("What is vitamin A?", "vitamin A"),
        ("Who is Will Smith?", "Will Smith"),
        ("WHAT IS TEA?", "TEA"),
        ("What should I do with tea?", "tea"),
        ("Who?", "Who?"),
        ("", ""),
    ],
)
def test_a_question_is_about_its_larger_words(question: str, about: str) -> None:
    assert subject(question) == about


@given(any_text(6), any_text(6))
def test_what_is_searched_begins_with_the_later_question(earlier: str, question: str) -> None:
    assert searched(earlier, question).startswith(question.strip())


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
