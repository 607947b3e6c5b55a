"""Passages that say the same are shown once."""

from __future__ import annotations

from index.duplicates import without_duplicates
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
