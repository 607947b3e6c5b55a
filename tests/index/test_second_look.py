"""The cross-encoder is asked where it helps, in time, and only about what it can read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from index.answer_pointer import Reading, default_pointer
from index.ranking import Weights, default_weights
from index.second_look import PASSAGES_READ, Candidate, SecondLook, window
from index.texts import StoredPassage
from index.types import Passage, Source, Span

WEIGHTS = replace(
    default_weights(),
    windows=np.array([0.0, 1.0, 0.0]),
    whole_passages=np.array([0.0, 1.0, 100.0]),
    certain=3.0,
    hopeless=-2.0,
    settled=0.1,
    lead=5.0,
    sentence_lead=0.5,
)
"""Log-odds are those of the cross-encoder, 100 more after whole passages; the second is always read."""


class LengthReader:
    """A cross-encoder whose logit is the length of the text over 10: it depends on what it is given."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def score(
        self, question: str, texts: Sequence[str], *, deadline: float | None = None
    ) -> NDArray[np.float64]:
        """Return the scores of all texts."""
        return np.array([self.read(question, text).logit for text in texts])

    def read(self, question: str, text: str) -> Reading:
        """Return the length, and states that point to the capital letters of the text."""
        assert question
        self.texts.append(text)
        tokens = np.array([[place, place + 1] for place in range(len(text))], np.int64).reshape(-1, 2)
        towards = default_pointer().weights
        return Reading(
            len(text) / 10, tokens, np.array([letter.isupper() * towards for letter in text], np.float32)
        )

    def familiarity(self, words: Sequence[str]) -> float:
        """Return that all is known."""
        return float(bool(words))


def candidate(row: int, text: str, log_odds: float, language: str = "en", best: int = 0) -> Candidate:
    """Return a candidate whose sentences end with full stops."""
    sentences, start = [], 0
    for part in text.split(". "):
        sentences.append(Span(100 + start, 100 + start + len(part)))
        start += len(part) + 2
    passage = Passage(f"{row:016x}", "a", Span(100, 100 + len(text)), tuple(sentences), (), 1, 1)
    scores = np.zeros(len(sentences))
    scores[best] = 1.0
    return Candidate(
        StoredPassage(row, passage, Source("a", "A", language), text, first_sentence_row=0), scores, log_odds
    )


def look(
    reader: LengthReader,
    languages: frozenset[str] = frozenset({"en"}),
    weights: Weights = WEIGHTS,
    budget_ms: float = 10_000,
) -> SecondLook:
    """Return a second look through `reader`."""
    return SecondLook(reader, weights, languages, budget_ms)


def test_what_reads_better_comes_first() -> None:
    given = [candidate(1, "short", 2.0), candidate(2, "a good deal longer", 1.0)]
    found = look(LengthReader()).rescored("why", given)
    assert [each.stored.row for each in found] == [2, 1]
    assert [each.log_odds for each in found] == pytest.approx([1.8, 0.5])


def test_only_the_first_few_are_read_and_the_others_stay_behind_them() -> None:
    reader = LengthReader()
    given = [candidate(row, "x" * (row + 2), 9.0 - row) for row in range(PASSAGES_READ + 3)]
    found = look(reader).rescored("why", given)
    assert reader.texts == ["xx", "xxx"]
    assert [each.stored.row for each in found] == [1, 0, 2, 3, 4]
    assert all(first.log_odds >= second.log_odds for first, second in pairwise(found))


def test_a_first_passage_with_a_clear_lead_that_reads_well_is_read_alone() -> None:
    reader = LengthReader()
    given = [candidate(1, "a text", 2.0), candidate(2, "a much longer text", 1.0), candidate(3, "x", 9.0)]
    found = look(reader, weights=replace(WEIGHTS, lead=1.0)).rescored("why", given)
    assert reader.texts == ["a text"]
    assert [each.stored.row for each in found] == [1, 2, 3]
    assert [each.log_odds for each in found] == pytest.approx([0.6, 0.6, 0.6])


@pytest.mark.parametrize(("lead", "settled"), [(1.1, 0.1), (1.0, 0.7)])
def test_without_a_clear_lead_or_a_clear_answer_the_second_is_read_too(lead: float, settled: float) -> None:
    reader = LengthReader()
    given = [candidate(1, "a text", 2.0), candidate(2, "a much longer text", 1.0)]
    look(reader, weights=replace(WEIGHTS, lead=lead, settled=settled)).rescored("why", given)
    assert reader.texts[:2] == ["a text", "a much longer text"]


def test_without_time_only_one_is_read_and_what_was_not_overtakes_nothing_that_was() -> None:
    reader = LengthReader()
    given = [candidate(1, "x", 3.0), candidate(2, "xx", 2.9), candidate(3, "xxx", 2.8)]
    found = look(reader, weights=replace(WEIGHTS, settled=9.0), budget_ms=0).rescored("why", given)
    assert reader.texts == ["x"]
    assert [each.stored.row for each in found] == [1, 2, 3]
    assert [each.log_odds for each in found] == pytest.approx([0.1, 0.1, 0.1])


def test_other_languages_are_not_read() -> None:
    reader = LengthReader()
    given = [candidate(1, "eins", 1.0, "de"), candidate(2, "one", 0.5)]
    look(reader).rescored("why", given)
    assert reader.texts == ["one"]


def test_where_windows_settle_nothing_the_better_passage_is_read_whole() -> None:
    reader = LengthReader()
    given = [candidate(row, f"one. {'x' * row}. two. thre{'e' * row}", 2.0, best=3) for row in range(1, 6)]
    found = look(reader, weights=replace(WEIGHTS, settled=9.0)).rescored("why", given)
    assert reader.texts == ["two. three", "two. threee", given[1].stored.text]
    assert [each.stored.row for each in found[:2]] == [2, 1]
    assert [each.log_odds for each in found[:2]] == pytest.approx([100 + 2.0, 1.0])


def test_where_windows_settle_it_nothing_more_is_read() -> None:
    reader = LengthReader()
    look(reader, weights=replace(WEIGHTS, settled=0.2)).rescored("why", [candidate(1, "some text", 2.0)])
    assert reader.texts == ["some text"]


@pytest.mark.parametrize(("log_odds", "needed"), [(0.0, True), (5.0, False), (-2.1, False), (2.9, True)])
def test_it_is_needed_only_in_doubt(log_odds: float, needed: bool) -> None:
    assert look(LengthReader()).is_needed([candidate(1, "x", log_odds)]) is needed


def test_it_is_not_needed_for_nothing_or_for_what_it_cannot_read() -> None:
    assert not look(LengthReader()).is_needed([])
    assert not look(LengthReader()).is_needed([candidate(1, "x", 0.0, "de")])


@pytest.mark.parametrize(
    ("best", "expected"),
    [(0, "one. two"), (1, "one. two. three"), (2, "two. three. four"), (3, "three. four")],
)
def test_a_window_is_the_likeliest_sentence_with_its_neighbours(best: int, expected: str) -> None:
    found = window(candidate(1, "one. two. three. four", 0.0, best=best))
    assert found.text == expected
    assert [sentence.of(found.text) for sentence in found.sentences] == expected.split(". ")
    assert found.first_sentence == max(0, best - 1)


def test_what_is_read_is_pointed_into() -> None:
    """The first look takes the first sentence; the reader finds its capital in the third."""
    given = [candidate(1, "one. two. three Three. four", 0.0, best=1)]
    found = look(LengthReader()).rescored("why", given)
    assert found[0].best_sentence == 2


def test_outside_of_what_was_read_no_sentence_is_marked() -> None:
    given = [candidate(1, "one. two. three. FOUR", 0.0, best=0)]
    found = look(LengthReader(), weights=replace(WEIGHTS, settled=0.01)).rescored("why", given)
    assert found[0].best_sentence in (0, 1)


def test_sentences_of_a_model_that_is_not_pointed_in_stay_as_they_were() -> None:
    class Blind(LengthReader):
        def read(self, question: str, text: str) -> Reading:
            return Reading(1.0, np.empty((0, 2), np.int64), np.empty((0, 0), np.float32))

    found = look(Blind()).rescored("why", [candidate(1, "one. two. THREE", 0.0, best=1)])
    assert found[0].best_sentence == 1


@pytest.mark.parametrize(("second", "needed"), [(0.4, False), (0.6, True)])
def test_a_certain_passage_is_read_where_two_sentences_are_nearly_as_likely(
    second: float, needed: bool
) -> None:
    given = candidate(1, "one. two. three", 5.0)
    given.sentence_scores[2] = second
    assert look(LengthReader()).is_needed([given]) is needed
