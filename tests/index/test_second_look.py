"""The cross-encoder is asked where it helps, in time, and only about what it can read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from index.ranking import Weights, default_weights
from index.second_look import PASSAGES_READ, WHOLE_PASSAGES_READ, Candidate, SecondLook, window
from index.texts import StoredPassage
from index.types import Passage, Source, Span

WEIGHTS = replace(
    default_weights(),
    windows=np.array([0.0, 1.0, 0.0]),
    whole_passages=np.array([0.0, 1.0, 100.0]),
    certain=3.0,
    settled=0.0,
)


class LengthReader:
    """A cross-encoder whose logit is the length of the text over 10: it depends on what it is given."""

    def __init__(self, in_time: int = 100) -> None:
        self.in_time = in_time
        self.texts: list[str] = []
        self.calls = 0

    def score(
        self, question: str, texts: Sequence[str], *, deadline: float | None = None
    ) -> NDArray[np.float64]:
        """Return the scores of the first `in_time` texts, NaN for the others."""
        assert question
        assert deadline is not None
        self.texts = list(texts)
        self.calls += 1
        scores = np.array([len(text) / 10 for text in texts])
        scores[self.in_time :] = np.nan
        return scores

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
    reader: LengthReader, languages: frozenset[str] = frozenset({"en"}), weights: Weights = WEIGHTS
) -> SecondLook:
    """Return a second look through `reader`."""
    return SecondLook(reader, weights, languages, budget_ms=1000)


def test_what_reads_better_comes_first() -> None:
    given = [candidate(1, "short", 2.0), candidate(2, "a good deal longer", 1.0)]
    found = look(LengthReader()).rescored("why", given)
    assert [each.stored.row for each in found] == [2, 1]
    assert [each.log_odds for each in found] == pytest.approx([1.8, 0.5])


def test_only_the_first_few_are_read_and_the_others_stay_behind_them() -> None:
    reader = LengthReader()
    given = [candidate(row, "x" * (row + 1), 9.0 - row) for row in range(PASSAGES_READ + 3)]
    found = look(reader).rescored("why", given)
    assert len(reader.texts) == PASSAGES_READ
    assert [each.stored.row for each in found] == [4, 3, 2, 1, 0, 5, 6, 7]
    assert all(first.log_odds >= second.log_odds for first, second in pairwise(found))


def test_what_was_not_reached_in_time_overtakes_nothing_that_was() -> None:
    given = [candidate(1, "x", 3.0), candidate(2, "xx", 2.9), candidate(3, "xxx", 2.8)]
    found = look(LengthReader(in_time=2)).rescored("why", given)
    assert [each.stored.row for each in found] == [2, 1, 3]
    assert found[-1].log_odds == pytest.approx(0.1)


def test_other_languages_are_not_read() -> None:
    reader = LengthReader()
    given = [candidate(1, "eins", 1.0, "de"), candidate(2, "one", 0.5)]
    look(reader).rescored("why", given)
    assert reader.texts == ["one"]


def test_where_windows_settle_nothing_the_first_three_are_read_whole() -> None:
    reader = LengthReader()
    given = [candidate(row, f"one. {'x' * row}. two. three", 2.0, best=3) for row in range(1, 6)]
    found = look(reader, weights=replace(WEIGHTS, settled=9.0)).rescored("why", given)
    assert reader.calls == 2
    assert len(reader.texts) == WHOLE_PASSAGES_READ
    assert all("one" in text for text in reader.texts)
    assert sum(each.log_odds > 50 for each in found) == WHOLE_PASSAGES_READ
    assert found[0].log_odds == pytest.approx(100 + (len("two. three") + len(given[2].stored.text)) / 20)


def test_where_windows_settle_it_nothing_more_is_read() -> None:
    reader = LengthReader()
    look(reader, weights=replace(WEIGHTS, settled=0.2)).rescored("why", [candidate(1, "some text", 2.0)])
    assert reader.calls == 1


@pytest.mark.parametrize(("log_odds", "needed"), [(0.0, True), (5.0, False), (-5.0, False), (2.0, True)])
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
    assert window(candidate(1, "one. two. three. four", 0.0, best=best)) == expected
