"""Text becomes the terms that it is searched by, in any language and any Unicode."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.analysis import GRAM_LENGTH, LONGEST_WORD, analyzer, words

ANY_TEXT = st.text(st.characters(), max_size=200)
LANGUAGES = st.sampled_from(["en", "de", "ru", "zh", "th", "ar", "und", "xx"])


@given(ANY_TEXT, LANGUAGES)
def test_no_term_is_empty_or_holds_white_space(text: str, language: str) -> None:
    terms = analyzer(language).terms(text)
    for term in (*terms.stems, *terms.grams):
        assert term
        assert term.split() == [term]
        assert term.encode()


@given(st.text("abcdefghij klmno'.äöüЖщ", max_size=60), LANGUAGES)
def test_case_does_not_matter(text: str, language: str) -> None:
    assert analyzer(language).terms(text.upper()) == analyzer(language).terms(text.lower())


@given(ANY_TEXT, LANGUAGES)
def test_a_text_with_a_letter_or_digit_has_terms_as_a_question_too(text: str, language: str) -> None:
    if any(map(str.isalnum, text.encode("utf-8", "ignore").decode())):
        assert analyzer(language).terms(text).stems
        assert analyzer(language).question_terms(text).stems


@given(ANY_TEXT)
def test_words_are_bounded(text: str) -> None:
    assert all(len(word) <= LONGEST_WORD or not word.isascii() for word in words(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The U.S. sales rose 6.4%", ["the", "us", "sales", "rose", "6.4"]),
        ("Nissan's e-Power", ["nissan", "e", "power"]),
        ("ﬁre ＡＢＣ", ["fire", "abc"]),
        ("Straße", ["strasse"]),
        ("日本語のテキスト and more", ["日本語のテキスト", "and", "more"]),
        ("", []),
        ("?! --", []),
    ],
)
def test_words_are_cut_where_unicode_says_and_folded(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "running shoes", "run shoe"),
        ("de", "Häuser", "Haus"),
        ("ru", "машины", "машина"),
        ("fr", "continuellement", "continuelle"),
    ],
)
def test_inflections_share_a_stem(language: str, one: str, other: str) -> None:
    assert analyzer(language).terms(one).stems == analyzer(language).terms(other).stems


def test_parts_of_a_compound_share_grams_with_it() -> None:
    compound = analyzer("de").terms("Brennstoffzelle")
    part = analyzer("de").terms("Zellen")
    assert not set(compound.stems) & set(part.stems)
    assert set(compound.grams) & set(part.grams)


def test_a_script_without_spaces_gives_character_bigrams() -> None:
    terms = analyzer("zh").terms("东京大学")
    assert terms.stems == ("东京", "京大", "大学")
    assert terms.grams == terms.stems


def test_a_single_character_is_a_term_of_its_own() -> None:
    assert analyzer("zh").terms("水").stems == ("水",)


def test_grams_are_of_one_length_and_mark_the_ends_of_words() -> None:
    grams = analyzer("en").terms("passage").grams
    assert {len(gram) for gram in grams} == {GRAM_LENGTH}
    assert grams[0] == "_pas"
    assert grams[-1] == "age_"


def test_stop_words_count_in_an_article_and_not_in_a_question() -> None:
    assert "the" in analyzer("en").terms("what is the price").stems
    assert "the" not in analyzer("en").question_terms("what is the price").stems


def test_a_question_of_stop_words_alone_keeps_them() -> None:
    assert analyzer("en").question_terms("to be or not to be").stems


def test_a_language_without_a_stemmer_keeps_words_whole() -> None:
    assert analyzer("xx").terms("running shoes").stems == ("running", "shoes")


def test_the_analyzer_of_a_language_is_made_once() -> None:
    assert analyzer("en") is analyzer("en")
