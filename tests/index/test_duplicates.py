"""Passages that say the same are shown once."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from index.duplicates import shingles, without_duplicates
from index.term_hashes import hashed_terms
from index.texts import StoredPassage
from index.types import Passage, Source, Span

TEXT = "The Danube flows through ten countries and ends in the Black Sea after a long way."


def stored(row: int, text: str, article: str = "a", start: int = 0, language: str = "en") -> StoredPassage:
    """Return a passage of `article` that begins at `start`."""
    span = Span(start, start + len(text))
    passage = Passage(f"{row:016x}", article, span, (span,), (), 1, 1)
    return StoredPassage(row, passage, Source(article, article, language), text, first_sentence_row=row)


def rows(*passages: StoredPassage) -> list[int]:
    """Return the rows of those that are kept."""
    return [each.row for each in without_duplicates(passages)]


def test_the_first_of_two_that_overlap_is_kept() -> None:
    assert rows(stored(1, TEXT, start=0), stored(2, "other words " * 6, start=40)) == [1]


def test_a_little_overlap_is_none() -> None:
    assert rows(stored(1, TEXT, start=0), stored(2, "other words " * 6, start=75)) == [1, 2]


def test_the_same_place_in_another_article_is_no_overlap() -> None:
    assert rows(stored(1, TEXT), stored(2, "Mont Blanc is the highest of the Alps.", article="b")) == [1, 2]


def test_a_copy_in_another_article_is_left_out() -> None:
    assert rows(stored(1, TEXT), stored(2, TEXT.upper(), article="b")) == [1]


def test_a_copy_with_a_word_changed_is_left_out() -> None:
    long = f"{TEXT} It has many bridges, and on its banks stand four capitals with their old churches."
    assert rows(stored(1, long), stored(2, long.replace("many", "some"), article="b")) == [1]


def test_texts_without_spaces_are_compared_too() -> None:
    text = "东京大学成立于一八七七年，是日本最早的国立大学之一。"
    other = "多瑙河流经十个国家，最后注入黑海，是欧洲第二长河。"
    passages = [stored(1, text, "a", 0, "zh"), stored(2, text, "b", 0, "zh"), stored(3, other, "c", 0, "zh")]
    assert rows(*passages) == [1, 3]


def test_short_texts_are_compared_whole() -> None:
    assert rows(stored(1, "Yes."), stored(2, "yes", article="b"), stored(3, "No.", article="c")) == [1, 3]


def test_nothing_gives_nothing() -> None:
    assert rows() == []


def test_shingles_that_were_kept_are_taken_instead_of_the_text() -> None:
    kept = dict.fromkeys((1, 2), shingles(np.array([5, 6, 7, 8], np.uint32)))
    passages = [stored(1, TEXT), stored(2, "Mont Blanc is the highest of the Alps.", article="b")]
    found = without_duplicates(passages, lambda passage: kept[passage.row])
    assert [each.row for each in found] == [1]


@given(st.lists(st.sampled_from("abcd"), max_size=12), st.lists(st.sampled_from("abcd"), max_size=12))
def test_shares_of_triples_are_those_of_plain_sets(one: list[str], other: list[str]) -> None:
    def triples(words: list[str]) -> set[tuple[str, ...]]:
        return set(zip(words, words[1:], words[2:], strict=False)) or {tuple(words)}

    first, second = triples(one), triples(other)
    alike = len(first & second) / min(len(first), len(second)) > 0.8
    passages = [stored(1, " ".join(one)), stored(2, " ".join(other), article="b")]
    kept = {1: shingles(hashed_terms(one)), 2: shingles(hashed_terms(other))}
    assert len(list(without_duplicates(passages, lambda each: kept[each.row]))) == (1 if alike else 2)


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=8), max_size=6))
def test_each_is_compared_with_every_one_that_was_kept(texts: list[list[str]]) -> None:
    def is_copy(one: list[str], other: list[str]) -> bool:
        first, second = (
            {*zip(words, words[1:], words[2:], strict=False)} or {tuple(words)} for words in (one, other)
        )
        return len(first & second) / min(len(first), len(second)) > 0.8

    expected: list[int] = []
    for row, words in enumerate(texts):
        if not any(is_copy(words, texts[other]) for other in expected):
            expected.append(row)
    passages = [stored(row, " ".join(words), article=str(row)) for row, words in enumerate(texts)]
    found = without_duplicates(passages, lambda each: shingles(hashed_terms(texts[each.row])))
    assert [each.row for each in found] == expected
