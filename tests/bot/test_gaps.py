"""A gap is recorded with the language that it was asked in, and counted with others of the same words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.gaps import asked_in_vain, language_of
from bot.store import Gap

LIKELY = {"en", "de", "ru"}


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Which spanner fits the bolts of a sidecar?", "en"),
        ("Welcher Schlüssel passt auf die Schrauben eines Beiwagens?", "de"),
        ("Какой ключ подходит к болтам коляски?", "ru"),
    ],
)
def test_the_language_of_a_whole_question_is_recognised(question: str, language: str) -> None:
    assert language_of(question, LIKELY, "fr") == language


def test_where_a_guess_is_unlikely_it_is_the_persons_own() -> None:
    question = "¿Qué llave sirve para los tornillos de un sidecar?"
    assert language_of(question, LIKELY, "de") == "de"
    assert language_of(question, LIKELY, None) is None
    assert language_of(question, {*LIKELY, "es"}, "de") == "es"


@given(st.text(), st.sampled_from(["en", None]))
def test_any_text_has_a_likely_language_or_the_persons_own(text: str, own: str | None) -> None:
    assert language_of(text, LIKELY, own) in {*LIKELY, own}


def gaps_of(*questions: str | None) -> list[Gap]:
    """Return gaps, the newest first."""
    return [Gap(datetime(2026, 1, 1, tzinfo=UTC), question, "en", 0.1) for question in questions]


def test_the_same_words_are_one_question_as_it_was_asked_last() -> None:
    gaps = gaps_of("How tall is it?", "Who won?", None, "who  WON", "When?", "Who won!", "how tall is it")
    found = asked_in_vain(gaps, 8)
    assert found.questions == (("Who won?", 3), ("How tall is it?", 2), ("When?", 1))
    assert found.without_text == 2


def test_questions_without_a_word_are_told_apart() -> None:
    assert asked_in_vain(gaps_of("?", "🙂", "?"), 3).questions == (("?", 2), ("🙂", 1))


@given(st.lists(st.none() | st.text(max_size=8), max_size=30))
def test_every_gap_is_counted_once(questions: list[str | None]) -> None:
    found = asked_in_vain(gaps_of(*questions), len(questions))
    assert sum(count for _, count in found.questions) + found.without_text == len(questions)
    assert {question for question, _ in found.questions} <= set(questions)
    counts = [count for _, count in found.questions]
    assert counts == sorted(counts, reverse=True)
