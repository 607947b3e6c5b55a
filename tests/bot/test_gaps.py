"""A gap is recorded with the language that it was asked in, as far as that can be told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.gaps import language_of

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
