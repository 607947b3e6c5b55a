"""Whatever a person types becomes one clean, bounded line."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.cleaning import LONGEST_QUESTION, clean_question, is_searchable

ANY_TEXT = st.text(st.characters(), max_size=300)


@given(ANY_TEXT)
def test_a_clean_question_is_one_line_that_can_be_encoded(text: str) -> None:
    clean = clean_question(text)
    assert clean.encode().decode() == clean
    assert len(clean) <= LONGEST_QUESTION
    assert clean == " ".join(clean.split())
    assert not {unicodedata.category(character) for character in clean} & {"Cc", "Cs"}


@given(ANY_TEXT)
def test_cleaning_again_changes_nothing(text: str) -> None:
    assert clean_question(clean_question(text)) == clean_question(text)


@given(st.text("abcdefgh éß你", max_size=200))
def test_letters_digits_and_their_order_are_kept(text: str) -> None:
    assert clean_question(text).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("", ""),
        (" \t\r\n ", ""),
        ("\0\0", ""),
        ("who\0is\ud800it", "who is it"),
        ("who\u200b is\u202e it\ufeff", "who is it"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("cafe\u0301", "café"),
        ("two\nlines\u2028here", "two lines here"),
    ],
)
def test_what_cannot_be_seen_goes(typed: str, clean: str) -> None:
    assert clean_question(typed) == clean


def test_a_pasted_book_is_cut_after_a_word() -> None:
    clean = clean_question("wording " * 20_000)
    assert LONGEST_QUESTION - len("wording ") <= len(clean) <= LONGEST_QUESTION
    assert clean.endswith("wording")


def test_one_endless_word_is_cut_all_the_same() -> None:
    assert len(clean_question("x" * 100_000)) == LONGEST_QUESTION


@pytest.mark.parametrize("typed", ["", "?!…", "🙂🙂", "()*\"'", "\u0301"])
def test_without_letters_and_digits_there_is_nothing_to_search(typed: str) -> None:
    assert not is_searchable(clean_question(typed))


@pytest.mark.parametrize("typed", ["a", "7", "你", "AND (", "field:x"])
def test_one_letter_or_digit_is_enough(typed: str) -> None:
    assert is_searchable(clean_question(typed))
