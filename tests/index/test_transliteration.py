"""Names in another script find the articles' words; what is known as it was typed stays."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.spelling import SHORTEST
from index.transliteration import MOST_SPELLINGS, Transliteration, is_foreign, latin_spellings

ARTICLES = frozenset(
    ["nissan", "honda", "stellantis", "internet2", "jordan", "chicago", "tbilisi", "camry", "more", "план"]
)
STOP_WORDS = frozenset(["more"])
LATIN = "".join(
    letter
    for letter in map(chr, range(sys.maxunicode + 1))
    if letter.isalpha() and "LATIN" in unicodedata.name(letter, "")
)


def transliteration() -> Transliteration:
    return Transliteration(
        lambda word: word.casefold() in ARTICLES,
        lambda word: word.casefold() in ARTICLES - STOP_WORDS,
    )


@pytest.mark.parametrize(
    ("typed", "sought"),
    [
        ("Кто возглавил Ниссан?", "Кто возглавил Nissan?"),
        ("переговоры: Хонда и ниссан", "переговоры: Honda и nissan"),
        ("СТЕЛЛАНТИС", "STELLANTIS"),
        ("ХОНДА", "HONDA"),
        ("Что такое Интернет2?", "Что такое Internet2?"),
        ("Джордан в Чикаго", "Jordan в Chicago"),
        ("Ни\u0301ссан", "Nissan"),
        ("თბილისი", "tbilisi"),
    ],
)
def test_a_name_in_another_script_is_sought_as_the_articles_write_it(typed: str, sought: str) -> None:
    assert transliteration().applied(typed) == sought


@pytest.mark.parametrize(
    "typed",
    [
        "план",  # the articles have it
        "Тойота",  # they do not, in either script
        "море",  # would be a stop word of theirs
        "Nissan Ford",
        "Ivàn Espinosa",  # Latin letters
        "日産フォード",  # no spaces between words
        "фор",  # too short
        "м" * 10_000,
        "निसान\x00",
        "",
    ],
)
def test_anything_else_stays(typed: str) -> None:
    assert transliteration().applied(typed) == typed


@given(st.text(max_size=60))
def test_nothing_changes_where_every_word_is_known_or_none_is_named(text: str) -> None:
    assert Transliteration(lambda _: True, lambda _: True).applied(text) == text
    assert Transliteration(lambda _: False, lambda _: False).applied(text) == text


@given(st.text(max_size=60))
def test_spellings_are_few_different_and_of_ascii_letters_and_digits(word: str) -> None:
    spellings = latin_spellings(word)
    assert len(set(spellings)) == len(spellings) <= MOST_SPELLINGS
    assert all(each.isascii() and each.isalnum() and len(each) >= SHORTEST for each in spellings)


@given(st.text(st.sampled_from(LATIN + "ªºµʻʼ0123456789-'"), max_size=40))
def test_latin_words_are_not_foreign(word: str) -> None:
    assert not is_foreign(word)


@given(st.text(st.characters(min_codepoint=0x0410, max_codepoint=0x044F), min_size=1, max_size=40))
def test_cyrillic_words_are_foreign(word: str) -> None:
    assert is_foreign(word)
