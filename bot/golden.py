"""Golden questions: whether an index still answers what it should, as one number, and which it does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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


@dataclass(frozen=True, slots=True)
class GoldenResult:
    """What an index makes of the golden questions of which it is known whether the articles answer them."""

    texts: tuple[str, ...]
    """The questions."""
    is_right: tuple[bool, ...]
    """Whether each is answered rightly, or declined where it should be."""

    @property
    def score(self) -> float | None:
        """The share that is right; None of no questions."""
        return sum(self.is_right) / len(self.is_right) if self.is_right else None

    def lost(self, after: GoldenResult) -> tuple[str, ...]:
        """Return the questions that are right here and no longer with another index, in their order."""
        return tuple(
            text
            for text, was, still in zip(self.texts, self.is_right, after.is_right, strict=True)
            if was and not still
        )


def ask_golden_questions(
    retriever: Retriever, questions: Sequence[Question], on_question: Callable[[], None]
) -> GoldenResult:
    """Ask the questions of which somebody said whether the articles answer them.

    Rightly answered means that the first passage contains a whole answer span.

    Args:
        retriever: What is asked.
        questions: Whose answers may have moved in the articles since they were written down.
        on_question: Called after each.
    """
    find_article = cache(retriever.texts.article)
    known = [with_moved_spans(each, find_article) for each in questions if each.answerable is not None]
    rows = evaluate(known, retriever.ask, lambda _: on_question()).rows
    return GoldenResult(tuple(each.text for each in known), tuple(map(_is_right, rows)))


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
