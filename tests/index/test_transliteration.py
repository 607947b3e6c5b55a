"""Names in another script find the articles' words; what the articles have as it was typed stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.transliteration import SHORTEST, Transliteration, is_foreign, latin_spellings

ARTICLES = frozenset(
    ["nissan", "honda", "stellantis", "internet2", "jordan", "chicago", "tbilisi", "escape", "ford", "план"]
)


def transliteration() -> Transliteration:
    return Transliteration(lambda word: word.casefold() in ARTICLES)


@pytest.mark.parametrize(
    ("typed", "sought"),
    [
        ("Кто возглавил Ниссан?", "Кто возглавил Nissan?"),
        ("переговоры Хонда и Форд", "переговоры honda и Ford"),
        ("СТЕЛЛАНТИС", "STELLANTIS"),
        ("Что такое Интернет2?", "Что такое Internet2?"),
        ("Джордан в Чикаго", "jordan в chicago"),
        ("თბილისი", "tbilisi"),
    ],
)
def test_a_name_in_another_script_is_sought_as_the_articles_write_it(typed: str, sought: str) -> None:
    assert transliteration().applied(typed).casefold() == sought.casefold()


@pytest.mark.parametrize(
    "typed",
    [
        "план",  # the articles have it
        "Тойота",  # they do not, in either script
        "Nissan Ford",
        "Ivàn Espinosa",  # Latin letters
        "日産フォード",  # no spaces between words
        "фор",  # too short
        "м" * 10_000,
        "\ud800\x00",
        "",
    ],
)
def test_anything_else_stays(typed: str) -> None:
    assert transliteration().applied(typed) == typed


@given(st.text(max_size=60))
def test_nothing_changes_where_the_articles_have_every_word_or_none(text: str) -> None:
    assert Transliteration(lambda _: True).applied(text) == text
    assert Transliteration(lambda _: False).applied(text) == text


@given(st.text(max_size=60))
def test_spellings_are_few_different_and_of_ascii_letters_and_digits(word: str) -> None:
    spellings = latin_spellings(word)
    assert len(set(spellings)) == len(spellings) <= 16
    assert all(each.isascii() and each.isalnum() and len(each) >= SHORTEST for each in spellings)


@given(st.text(st.characters(max_codepoint=0x24F), max_size=60))
def test_latin_words_are_not_foreign(word: str) -> None:
    assert not is_foreign("".join(letter for letter in word if letter.isascii() or letter in "àéîõüßøčłğ"))
