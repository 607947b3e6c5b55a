"""Passages by size: how sentences are divided and paragraphs joined."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.packing import Limits, Paragraph, Sentence, group, size, windows
from index.types import Span

LIMITS = Limits(characters_per_word=1000)


def sentences(sizes: list[int], length: int = 1) -> list[Sentence]:
    """Return sentences of so many words, each of the same length in characters."""
    return [
        Sentence(Span(number * length, (number + 1) * length), words) for number, words in enumerate(sizes)
    ]


def paragraph(words: int, section: int = 0, *, introduces: bool = False) -> Paragraph:
    """Return a paragraph of one sentence."""
    return Paragraph(tuple(sentences([words])), (), section, introduces)


def grouped(*paragraphs: Paragraph) -> list[list[int]]:
    """Return the sizes of the paragraphs of each run."""
    return [[size(part.sentences, LIMITS) for part in run] for run in group(paragraphs, LIMITS)]


@given(st.lists(st.integers(0, 94), max_size=80), st.sampled_from([0.0, 0.3, 0.5, 0.8]))
def test_windows_cover_in_order_and_keep_to_the_limit(words: list[int], overlap: float) -> None:
    """Nothing is left out, nothing is too large, and no window lies in another."""
    limits = Limits(overlap=overlap, characters_per_word=1000)
    given_sentences = sentences(words)
    seen = windows(given_sentences, limits)
    assert sorted({each.span for window in seen for each in window}) == [
        each.span for each in given_sentences
    ]
    assert all(size(window, limits) <= limits.max_words for window in seen)
    for first, second in pairwise(seen):
        assert first[0].span.start < second[0].span.start <= first[-1].span.end
        assert first[-1].span.end < second[-1].span.end
    for window in seen:
        start = given_sentences.index(window[0])
        assert list(window) == given_sentences[start : start + len(window)]


def test_windows_of_like_sentences_share_what_the_limits_say() -> None:
    """Eighteen of ten words fit; each window repeats about half of the one before."""
    seen = windows(sentences([10] * 54), LIMITS)
    assert [len(window) for window in seen] == [18] * len(seen)
    shared = [len({*first} & {*second}) for first, second in pairwise(seen)]
    assert all(8 <= count <= 10 for count in shared)


def test_what_fits_is_one_window_and_nothing_is_none() -> None:
    """Up to the last word."""
    assert [len(window) for window in windows(sentences([94, 94]), LIMITS)] == [2]
    assert len(windows(sentences([94, 94, 1]), LIMITS)) == 2
    assert windows([], LIMITS) == []


def test_a_size_counts_words_or_characters_whichever_is_more() -> None:
    """Between the sentences too."""
    limits = Limits(characters_per_word=5)
    assert size(sentences([3, 4], length=5), limits) == 7
    assert size(sentences([1, 1], length=50), limits) == 20
    assert size(sentences([0]), limits) == 1
    assert size([], limits) == 0


def test_short_paragraphs_are_joined_up_to_the_target() -> None:
    """A passage below `merge_words` takes in the next paragraph; one at it does not."""
    assert grouped(paragraph(60), paragraph(59), paragraph(61), paragraph(1)) == [[60, 59, 61], [1]]
    assert grouped(paragraph(120), paragraph(1)) == [[120], [1]]
    assert grouped(paragraph(119), paragraph(62)) == [[119], [62]]
    assert grouped() == []


def test_paragraphs_of_two_sections_are_never_joined() -> None:
    """A heading, a break or a comment stands between them."""
    assert grouped(paragraph(1, 0), paragraph(1, 1)) == [[1], [1]]
    assert grouped(paragraph(1, 0, introduces=True), paragraph(1, 1)) == [[1], [1]]


def test_what_ends_with_a_colon_stays_with_what_it_introduces() -> None:
    """It leaves the passage before it and may fill the next to the maximum, and no further."""
    assert grouped(paragraph(110), paragraph(40, introduces=True), paragraph(148)) == [[110], [40, 148]]
    assert grouped(paragraph(40, introduces=True), paragraph(149)) == [[40], [149]]


@pytest.mark.parametrize(
    "sizes",
    [{"merge_words": 0}, {"merge_words": 181}, {"target_words": 189}, {"max_sentence_words": 95},
     {"characters_per_word": 0.5}, {"overlap": 1.0}, {"overlap": -0.1}],
)  # fmt: skip
def test_sizes_that_contradict_each_other_are_refused(sizes: dict[str, float]) -> None:
    """The message names the value and what was expected."""
    with pytest.raises(ValueError, match=r"expected .*"):
        Limits(**sizes)  # type: ignore[arg-type]
