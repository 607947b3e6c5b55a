"""The golden questions' score is one number, and edits elsewhere in an article do not change it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.golden import GoldenResult, ask_golden_questions, golden_questions, with_moved_spans
from index.encoder import Encoder
from index.errors import QuestionFileError
from index.generation import IndexFolder
from index.retriever import Retriever
from index.types import AnswerSpan, Article, Question, Span


def article_of(text: str) -> Article:
    return Article("tea", text, 0, "Tea", "en")


def question_of(start: int, text: str, *, length: int | None = None, article: str = "tea") -> Question:
    span = Span(start, start + (len(text) if length is None else length))
    return Question("q", "How is it stored?", (AnswerSpan(article, span, text),), True)


@pytest.fixture
def retriever(built_index: Path) -> Iterator[Retriever]:
    with Retriever.open(IndexFolder(built_index), Encoder.load(), None) as opened:
        yield opened


def test_the_score_counts_right_answers_and_right_declining(corpus: Path, retriever: Retriever) -> None:
    start = (corpus / "tea.md").read_bytes().decode().index("dark tin")
    answered = Question("a", "How should tea be stored?", question_of(start, "dark tin").spans, True)
    misplaced = Question("b", "How should tea be stored?", question_of(0, "---").spans, True)
    declined = Question("c", "Who won the chess championship of 1972?", (), False)
    answered_wrongly = Question("d", "How should tea be stored?", (), False)
    unknown = Question("e", "Whatever?", (), None)
    asked: list[None] = []

    def score(*questions: Question) -> float | None:
        return ask_golden_questions(retriever, questions, lambda: asked.append(None)).score

    assert score(answered, declined) == 1
    assert score(answered, misplaced, declined, answered_wrongly, unknown) == 0.5
    assert score(unknown) is None
    assert len(asked) == 6


def test_questions_are_lost_that_were_right_and_no_longer_are() -> None:
    texts = ("Who?", "When?", "Where?", "Why?")
    before = GoldenResult(texts, (True, True, False, True))
    assert before.lost(GoldenResult(texts, (False, True, True, False))) == ("Who?", "Why?")
    assert before.lost(before) == ()


def test_an_answer_is_followed_to_where_it_stands_now() -> None:
    question = question_of(10, "dark tin")
    for text in ("A dark tin.", "Far away, after much that was put before it, is a dark tin."):
        (answer,) = with_moved_spans(question, lambda _, text=text: article_of(text)).spans  # type: ignore[misc]
        assert answer.span.of(text) == "dark tin"


def test_of_several_places_the_nearest_is_taken() -> None:
    text = "tin, tin, and then a tin"
    assert with_moved_spans(question_of(6, "tin"), lambda _: article_of(text)).spans[0].span == Span(5, 8)
    assert with_moved_spans(question_of(19, "tin"), lambda _: article_of(text)).spans[0].span == Span(21, 24)


@pytest.mark.parametrize(
    "question",
    [
        question_of(4, "jar"),
        question_of(4, "", length=3),
        question_of(2, "tin", article="gone"),
        Question("q", "Who?", (), False),
    ],
)
def test_an_answer_that_is_not_to_be_found_stays(question: Question) -> None:
    articles = {"tea": article_of("It is in a tin.")}
    assert with_moved_spans(question, articles.get) == question


@given(st.text("ab ", max_size=8), st.text("ab ", min_size=1, max_size=4), st.integers(0, 12))
def test_a_moved_answer_reads_as_it_did_or_did_not_move(text: str, wanted: str, start: int) -> None:
    question = question_of(start, wanted)
    (answer,) = with_moved_spans(question, lambda _: article_of(text)).spans
    assert answer.text == wanted
    assert (answer.span.of(text) == wanted) == (wanted in text)
    if wanted in text:
        places = [place for place in range(len(text)) if text.startswith(wanted, place)]
        assert abs(answer.span.start - start) == min(abs(place - start) for place in places)
    else:
        assert answer == question.spans[0]


def test_questions_lie_beside_the_articles_or_where_the_setting_says(tmp_path: Path) -> None:
    articles = tmp_path / "articles"
    articles.mkdir()
    assert golden_questions(None, articles) == []
    (articles / "questions.jsonl").write_text(json.dumps({"question": "Beside?", "spans": []}))
    (tmp_path / "set.jsonl").write_text(json.dumps({"question": "Set?", "spans": []}))
    assert [each.text for each in golden_questions(None, articles)] == ["Beside?"]
    assert [each.text for each in golden_questions(tmp_path / "set.jsonl", articles)] == ["Set?"]
    with pytest.raises(QuestionFileError, match="does not exist"):
        golden_questions(tmp_path / "missing.jsonl", articles)
