"""Golden questions: whether an index still answers what it should, as one number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from index.evaluation import QuestionRow, evaluate
from index.questions import read_questions
from index.types import AnswerSpan, Article, Question, Span

if TYPE_CHECKING:
    from index.retriever import Retriever

_FILE_NAME: Final = "questions.jsonl"


def golden_questions(path: Path | None, articles: Path) -> list[Question]:
    """Return the golden questions: those of the file that is set, else those beside the articles, else none.

    Raises:
        QuestionFileError: The file that is set does not exist, or one of them has something wrong in it.
    """
    if path is not None:
        return read_questions(path)
    beside = articles / _FILE_NAME
    return read_questions(beside) if beside.is_file() else []


def golden_score(
    retriever: Retriever, questions: Sequence[Question], on_question: Callable[[], None]
) -> float | None:
    """Return the share of questions that are answered rightly, or declined where they should be.

    Rightly means that the first passage contains a whole answer span. Questions of which nobody
    said whether the articles answer them are left out; None where no other is left.

    Args:
        retriever: What is asked.
        questions: Whose answers may have moved in the articles since they were written down.
        on_question: Called after each.
    """
    find_article = cache(retriever.texts.article)
    known = [with_moved_spans(each, find_article) for each in questions if each.answerable is not None]
    rows = evaluate(known, retriever.ask, lambda _: on_question()).rows
    return sum(map(_is_right, rows)) / len(rows) if rows else None


def with_moved_spans(question: Question, find_article: Callable[[str], Article | None]) -> Question:
    """Return the question with each answer where its text stands now, the nearest place if there are several.

    An answer whose text is not known, or is gone from its article, stays where it was.
    """
    spans = []
    for answer in question.spans:
        article = find_article(answer.article_id)
        spans.append(answer if article is None else _moved(answer, article.text))
    return replace(question, spans=tuple(spans))


def _moved(answer: AnswerSpan, text: str) -> AnswerSpan:
    wanted, start = answer.text, answer.span.start
    if not wanted or answer.span.of(text) == wanted:
        return answer
    places = [text.rfind(wanted, 0, start + len(wanted)), text.find(wanted, start)]
    nearest = min(
        (place for place in places if place >= 0), key=lambda place: abs(place - start), default=None
    )
    return answer if nearest is None else replace(answer, span=Span(nearest, nearest + len(wanted)))


def _is_right(row: QuestionRow) -> bool:
    if row.failed is not None:
        return False
    return row.answered and row.first_contains if row.answerable else not row.answered
