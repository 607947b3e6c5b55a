"""The cross-encoder is asked where it helps, in time, and only about what it can read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from index.answer_pointer import Reading, default_pointer
from index.ranking import Weights, default_weights
from index.second_look import Candidate, Depth, SecondLook, sentences_in_text
from index.texts import StoredPassage
from index.types import Passage, Source, Span

WEIGHTS = replace(
    default_weights(),
    second_look=np.array([0.0, 1.0, 0.0]),
    answering_threshold=0.5,
    certain=3.0,
    hopeless=-2.0,
    settled=9.0,
    sentence_lead=0.5,
)
"""Log-odds are those of the cross-encoder; the second passage is always read."""


class LengthReader:
    """A cross-encoder whose logit is the length of the text over 10: it depends on what it is given."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.contexts: list[str] = []

    def read(self, question: str, text: str, context: str = "") -> Reading:
        """Return the length, and states that point to the capital letters of the text."""
        assert question
        self.texts.append(text)
        self.contexts.append(context)
        tokens = np.array([[place, place + 1] for place in range(len(text))], np.int64).reshape(-1, 2)
        towards = default_pointer().weights
        states = np.array([letter.isupper() * towards for letter in text], np.float32)
        return Reading(len(text) / 10, tokens, states, np.zeros_like(towards))

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
    depth: Depth | None = None,
) -> SecondLook:
    """Return a second look through `reader`."""
    return SecondLook(reader, weights, languages, budget_ms, depth or Depth())


def test_what_reads_better_comes_first() -> None:
    given = [candidate(1, "short", 2.0), candidate(2, "a good deal longer", 1.0)]
    found = look(LengthReader()).rescored("why", given)
    assert [each.stored.row for each in found] == [2, 1]
    assert [each.log_odds for each in found] == pytest.approx([1.8, 0.5])


def test_only_the_first_few_are_read_and_the_others_stay_behind_them() -> None:
    reader = LengthReader()
    given = [candidate(row, "x" * (row + 2), 9.0 - row) for row in range(5)]
    found = look(reader).rescored("why", given)
    assert reader.texts == ["xx", "xxx"]
    assert [each.stored.row for each in found] == [1, 0, 2, 3, 4]
    assert all(first.log_odds >= second.log_odds for first, second in pairwise(found))


@pytest.mark.parametrize(("settled", "texts"), [(0.6, ["a text"]), (0.7, ["a text", "a longer text"])])
def test_the_second_is_read_unless_the_first_answers_beyond_doubt(settled: float, texts: list[str]) -> None:
    reader = LengthReader()
    given = [candidate(1, "a text", 2.0), candidate(2, "a longer text", 1.0), candidate(3, "x", 0.5)]
    look(reader, weights=replace(WEIGHTS, settled=settled)).rescored("why", given)
    assert reader.texts == texts


def test_what_was_not_read_stays_behind_what_was() -> None:
    given = [candidate(1, "a text", 2.0), candidate(2, "a longer text", 1.0), candidate(3, "x", 0.5)]
    found = look(LengthReader(), weights=replace(WEIGHTS, settled=0.1)).rescored("why", given)
    assert [each.stored.row for each in found] == [1, 2, 3]
    assert [each.log_odds for each in found] == pytest.approx([0.6, 0.6, 0.5])


def test_without_time_only_one_is_read_and_what_was_not_overtakes_nothing_that_was() -> None:
    reader = LengthReader()
    given = [candidate(1, "x", 3.0), candidate(2, "xx", 2.9), candidate(3, "xxx", 2.8)]
    found = look(reader, budget_ms=0).rescored("why", given)
    assert reader.texts == ["x"]
    assert [each.stored.row for each in found] == [1, 2, 3]
    assert [each.log_odds for each in found] == pytest.approx([0.1, 0.1, 0.1])


@pytest.mark.parametrize(
    ("threshold", "texts"),
    [
        (0.5, ["a text", "text"]),
        (0.64, ["a text", "text"]),
        (0.65, ["a text", "text", "a longer text"]),
        (0.78, ["a text", "text", "a longer text"]),
        (0.79, ["a text", "text", "a longer text", "x", "xx"]),
    ],
)
def test_further_ones_are_read_until_one_is_an_answer(threshold: float, texts: list[str]) -> None:
    """The first reads as a probability of .646, the second of .599, the third of .786."""
    reader = LengthReader()
    all_texts = ["a text", "text", "a longer text", "x", "xx", "xxx"]
    given = [candidate(row, text, 2.0 - row) for row, text in enumerate(all_texts)]
    look(reader, weights=replace(WEIGHTS, answering_threshold=threshold)).rescored("why", given)
    assert reader.texts == texts


@pytest.mark.parametrize(("near", "read"), [(0.59, 5), (0.61, 2)])
def test_further_ones_are_read_only_where_one_that_was_comes_near(near: float, read: int) -> None:
    """The nearest reads as log-odds of .6."""
    reader = LengthReader()
    given = [candidate(row, "a text"[: 6 - row], 2.0 - row) for row in range(6)]
    look(reader, weights=replace(WEIGHTS, answering_threshold=0.99, near=near)).rescored("why", given)
    assert len(reader.texts) == read


def test_an_answer_that_cannot_be_read_is_one_all_the_same() -> None:
    reader = LengthReader()
    given = [candidate(0, "eins", 2.0, "de"), candidate(1, "one", 1.0), candidate(2, "another", 0.5)]
    look(reader, weights=replace(WEIGHTS, answering_threshold=0.8)).rescored("why", given)
    assert reader.texts == ["one"]
    look(reader, weights=replace(WEIGHTS, answering_threshold=0.9)).rescored("why", given)
    assert reader.texts == ["one", "one", "another"]


def test_the_third_comes_first_where_it_alone_answers() -> None:
    given = [candidate(row, text, 2.0 - row) for row, text in enumerate(["a text", "text", "a longer text"])]
    found = look(LengthReader(), weights=replace(WEIGHTS, answering_threshold=0.7)).rescored("why", given)
    assert [each.stored.row for each in found] == [2, 0, 1]


@pytest.mark.parametrize(
    ("depth", "read"), [(Depth(1, 0), 1), (Depth(1, 3), 4), (Depth(3, 0), 3), (Depth(2, 0), 2)]
)
def test_as_many_are_read_as_the_depth_says(depth: Depth, read: int) -> None:
    reader = LengthReader()
    given = [candidate(row, "x" * (row + 1), 2.0 - row) for row in range(5)]
    look(reader, weights=replace(WEIGHTS, answering_threshold=0.99), depth=depth).rescored("why", given)
    assert len(reader.texts) == read


def test_other_languages_are_not_read() -> None:
    reader = LengthReader()
    given = [candidate(1, "eins", 1.0, "de"), candidate(2, "one", 0.5)]
    look(reader).rescored("why", given)
    assert reader.texts == ["one"]


@pytest.mark.parametrize(("log_odds", "needed"), [(0.0, True), (5.0, False), (-2.1, False), (2.9, True)])
def test_it_is_needed_only_in_doubt(log_odds: float, needed: bool) -> None:
    assert look(LengthReader()).is_needed([candidate(1, "x", log_odds)]) is needed


def test_it_is_not_needed_for_nothing_or_for_what_it_cannot_read() -> None:
    assert not look(LengthReader()).is_needed([])
    assert not look(LengthReader()).is_needed([candidate(1, "x", 0.0, "de")])


def test_sentences_lie_in_the_text_as_in_the_article() -> None:
    given = candidate(1, "one. two. three", 0.0)
    assert [sentence.of(given.stored.text) for sentence in sentences_in_text(given.stored)] == [
        "one",
        "two",
        "three",
    ]


def test_what_is_read_is_pointed_into() -> None:
    """The first look takes the first sentence; the reader finds its capital in the third."""
    given = [candidate(1, "one. two. three Three. four", 0.0, best=1)]
    found = look(LengthReader()).rescored("why", given)
    assert found[0].best_sentence == 2


@pytest.mark.parametrize(
    ("headings", "context"),
    [
        ((), "Otters. "),
        (("Otters", "What they eat"), "Otters. What they eat. "),
        (("Rivers", "What they eat", "Rivers"), "Otters. Rivers. What they eat. "),
    ],
)
def test_each_is_read_below_its_articles_title_and_headings(headings: tuple[str, ...], context: str) -> None:
    reader, given = LengthReader(), candidate(1, "Fish. Frogs", 0.0)
    source, passage = replace(given.stored.source, title="Otters"), given.stored.passage
    stored = replace(given.stored, source=source, passage=replace(passage, headings=headings))
    look(reader).rescored("why", [replace(given, stored=stored)])
    assert (reader.texts, reader.contexts) == (["Fish. Frogs"], [context])


def test_sentences_of_a_model_that_is_not_pointed_in_stay_as_they_were() -> None:
    class Blind(LengthReader):
        def read(self, question: str, text: str, context: str = "") -> Reading:
            nothing = np.empty((0, 0), np.float32)
            return Reading(1.0, np.empty((0, 2), np.int64), nothing, np.empty(0, np.float32))

    found = look(Blind()).rescored("why", [candidate(1, "one. two. THREE", 0.0, best=1)])
    assert found[0].best_sentence == 1


@pytest.mark.parametrize(("second", "needed"), [(0.4, False), (0.6, True)])
def test_a_certain_passage_is_read_where_two_sentences_are_nearly_as_likely(
    second: float, needed: bool
) -> None:
    given = candidate(1, "one. two. three", 5.0)
    given.sentence_scores[2] = second
    assert look(LengthReader()).is_needed([given]) is needed
