"""The pointer says which sentence answers, from states that a cross-encoder gives; pure arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.answer_pointer import AnswerPointer, Reading, default_pointer
from index.cross_encoder import CrossEncoder
from index.types import Span

POINTER = AnswerPointer(
    layer="a layer",
    layers_sha256="0" * 64,
    answering=np.array([2.0, -1.0], np.float32),
    intercept=0.5,
    weights=np.array([1.0, 0.0], np.float32),
    evidence=0.5,
)
NO_STATE = np.zeros(2, np.float32)
NO_EVIDENCE = np.zeros(2)


def reading(*scores: float) -> Reading:
    """Return the reading of a text of tokens of two characters each, with these pointed scores."""
    tokens = np.array([[2 * place, 2 * place + 2] for place in range(len(scores))], np.int64)
    states = np.array([[score, 9.0] for score in scores], np.float32)
    return Reading(0.0, tokens.reshape(-1, 2), states, NO_STATE)


def test_the_sentence_with_the_answer_s_tokens_is_the_likeliest() -> None:
    scores = POINTER.sentences(reading(0, 0, 5, 0), [Span(0, 4), Span(4, 8)], NO_EVIDENCE)
    assert scores is not None
    assert scores[1] > scores[0]


def test_tokens_of_a_sentence_count_together() -> None:
    scores = POINTER.sentences(reading(1, 1, 1.5), [Span(0, 4), Span(4, 6)], NO_EVIDENCE)
    assert scores == pytest.approx([1 + np.log(2), 1.5])


def test_the_first_look_has_a_say() -> None:
    scores = POINTER.sentences(reading(1, 1), [Span(0, 2), Span(2, 4)], np.array([0.0, 1.0]))
    assert scores == pytest.approx([1.0, 1.5])


def test_a_sentence_that_was_not_reached_is_never_marked() -> None:
    scores = POINTER.sentences(reading(-90), [Span(0, 2), Span(2, 4)], np.array([0.0, 99.0]))
    assert scores is not None
    assert scores.tolist() == [-90.0, -np.inf]


def test_without_states_or_tokens_nothing_is_said() -> None:
    blind = Reading(0.0, np.empty((0, 2), np.int64), np.empty((0, 0), np.float32), NO_STATE)
    assert POINTER.sentences(blind, [Span(0, 2)], np.zeros(1)) is None
    assert POINTER.sentences(reading(1, 1), [Span(90, 99)], np.zeros(1)) is None


def test_how_well_a_text_answers_lies_in_one_direction_of_its_state() -> None:
    assert POINTER.logit(NO_STATE) == 0.5
    assert POINTER.logit(np.array([3.0, 1.0], np.float32)) == 5.5


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=30))
def test_no_scores_overflow(scores: list[float]) -> None:
    found = POINTER.sentences(reading(*scores), [Span(0, 2 * len(scores))], np.zeros(1))
    assert found is not None
    assert np.isfinite(found).all()
    assert found[0] >= max(scores) - 1e-3


def test_the_shipped_pointer_finds_answers_that_the_question_s_words_do_not(
    cross_encoder: CrossEncoder,
) -> None:
    """The first sentence has the question's words, the second the answer."""
    text = "The bridge over the river is old. Masons finished it in 1894. Trains cross the bridge today."
    sentences = [Span(0, 33), Span(34, 61), Span(62, 92)]
    assert [sentence.of(text)[-1] for sentence in sentences] == [".", ".", "."]
    read = cross_encoder.read("When was the bridge over the river built?", text)
    scores = default_pointer().sentences(read, sentences, np.zeros(3))
    assert scores is not None
    assert int(np.argmax(scores)) == 1


@pytest.mark.parametrize(
    ("question", "answering", "near_miss"),
    [
        (
            "When was the bridge over the river built?",
            "The bridge over the river is old. Masons finished it in 1894.",
            "The bridge over the river is old. Masons built it of sandstone.",
        ),
        (
            "How many people live in the town?",
            "The town lies on a hill. Some 12,000 people call it home.",
            "The town lies on a hill. The people who live in it make cheese and clocks.",
        ),
        (
            "Who designed the lighthouse?",
            "The lighthouse stands on a rock. Its architect was Anna Berg.",
            "The lighthouse stands on a rock. Its design was much admired.",
        ),
    ],
)
def test_the_shipped_direction_tells_an_answer_from_a_near_miss(
    cross_encoder: CrossEncoder, question: str, answering: str, near_miss: str
) -> None:
    assert cross_encoder.read(question, answering).logit > cross_encoder.read(question, near_miss).logit + 1
