"""The benchmark of the second look reads as many passages as its lines say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from index.answer_pointer import Reading
from index.builder import build_index
from index.chosen_encoder import ChosenEncoder
from index.cross_encoder import CrossEncoder
from index.generation import IndexFolder
from index.questions import Question, read_questions
from index.retriever import Retriever
from tests.benchmarks.second_look import ALWAYS, ENDLESS_MS, Way, asked, figures_of, measure, table, ways

CORPUS = Path(__file__).parents[2] / "corpus"


class CountingReader:
    """A cross-encoder that counts what it is given to read."""

    def __init__(self, cross_encoder: CrossEncoder) -> None:
        self._cross_encoder = cross_encoder
        self.read_texts = 0

    def read(self, question: str, text: str, context: str = "") -> Reading:
        self.read_texts += 1
        return self._cross_encoder.read(question, text, context)

    def familiarity(self, words: Sequence[str]) -> float:
        return self._cross_encoder.familiarity(words)


@pytest.fixture(scope="module")
def questions() -> tuple[Question, ...]:
    """Return one question that the articles answer and one that they do not."""
    known = read_questions(CORPUS / "questions.jsonl")
    return next(each for each in known if each.spans), next(each for each in known if not each.spans)


@pytest.mark.parametrize("way", ways(), ids=lambda way: way.name)
def test_a_way_reads_as_many_passages_as_its_line_says(
    way: Way, cross_encoder: CrossEncoder, questions: tuple[Question, ...], index_folder: IndexFolder
) -> None:
    encoder = ChosenEncoder()
    build_index(CORPUS, index_folder, encoder)
    reader = CountingReader(cross_encoder)
    with Retriever.open(
        index_folder,
        encoder,
        reader,
        # That way is to read whatever the first look says by its own weights.
        weights=way.weights
        if way.name == ALWAYS
        else replace(way.weights, certain=inf, hopeless=-inf, settled=inf, near=-inf),
        second_look_ms=ENDLESS_MS,
        second_look_depth=way.depth,
        answering_threshold=1.0,
    ) as retriever:
        asked(retriever, questions[0], way)
    assert reader.read_texts == (way.depth.passages + way.depth.more_unanswered if way.depth else 0)


def test_each_way_has_a_line_and_each_question_a_row_in_it(
    questions: tuple[Question, ...], tmp_path: Path
) -> None:
    summaries = measure(CORPUS, questions, tmp_path)
    assert [*summaries] == [way.name for way in ways()]
    assert {(each.answerable, each.unanswerable, each.failed) for each in summaries.values()} == {(1, 1, 0)}
    assert [line.split("  ")[0] for line in table(figures_of(summaries)).splitlines()[1:]] == [*summaries]
