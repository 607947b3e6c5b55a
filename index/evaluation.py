"""Runs an answerer over a dataset and sums up: one row a question, then the figures.

Two rules keep the figures honest. An empty answer counts as zero, never as left out. And a
question on which the answerer failed never improves a figure: where there was an answer to be
found it counts as missed, everywhere else it is left out and told in `Summary.failed`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from statistics import fmean

from index.errors import FootnoteError
from index.metrics import (
    Match,
    area_under_roc,
    brier_score,
    expected_calibration_error,
    highlight_has_answer,
    percentile,
    reciprocal_rank,
    span_precision_at,
    span_recall_at,
    success_at,
)
from index.types import Answer, Question


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """What one question got. Measures of place are False or 0 where the question has no spans."""

    question_id: str
    answerable: bool | None
    """None where the dataset does not say; such rows count for lengths and times only."""
    answered: bool
    confidence: float
    """The first passage's probability; 0 where there is no passage or the answerer failed."""
    first_contains: bool
    """The first passage contains a whole answer span."""
    first_overlaps: bool
    """The first passage and an answer span have a character in common."""
    first_three_contain: bool
    """One of the first three passages contains a whole answer span."""
    highlight_contains: bool
    """The sentence marked in the first passage contains a whole answer span."""
    highlight_overlaps: bool
    """The sentence marked in the first passage and an answer span have a character in common."""
    reciprocal_rank: float
    """Of the first of ten passages that contains a whole answer span."""
    span_recall: float
    """Share of the spans' characters that stand in the first five passages."""
    span_precision: float
    """Share of the first five passages' characters that belong to the spans."""
    first_characters: int | None
    """Length of the first passage; None where there is no passage."""
    elapsed_ms: float | None
    """As the answerer measured it; None where it failed."""
    failed: str | None
    """The name of the error's type; None where all went well."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of one evaluation; a figure is None where nothing could be measured.

    Shares and averages of place are over the answerable questions and look at the passages given
    whether or not the answerer thought them good enough to show.
    """

    questions: int
    answerable: int
    unanswerable: int
    failed: int
    success_at_1: float | None
    """First passage contains a whole answer span."""
    success_at_1_overlap: float | None
    """First passage and an answer span have a character in common: for spans that are excerpts."""
    success_at_3: float | None
    mrr_at_10: float | None
    highlight_has_answer: float | None
    highlight_overlaps_answer: float | None
    span_recall_at_5: float | None
    span_precision_at_5: float | None
    mean_first_passage_characters: float | None
    """Over all questions that got a passage."""
    declining_auc: float | None
    """Area under the ROC curve of the confidence, answerable against unanswerable."""
    answered_answerable: float | None
    answered_rightly: float | None
    """Share of the answerable questions that were answered with a first passage that contains a span."""
    answered_unanswerable: float | None
    brier: float | None
    """Of the confidence against "the first passage contains a span", all questions with a known answer."""
    calibration_error: float | None
    """As `brier`, in ten bins of equal width."""
    elapsed_ms_p50: float | None
    elapsed_ms_p95: float | None

    def as_dict(self) -> dict[str, int | float | None]:
        """Return the figures under their stable names, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One row a question, in the order of the dataset."""

    rows: tuple[QuestionRow, ...]

    def summary(self) -> Summary:
        """Return the figures over all rows."""
        answerable = [row for row in self.rows if row.answerable]
        unanswerable = [row for row in self.rows if row.answerable is False]
        declinable = [row for row in unanswerable if row.failed is None]
        forecasts = [row for row in self.rows if row.answerable is not None and row.failed is None]
        probabilities = [row.confidence for row in forecasts]
        outcomes = [row.first_contains for row in forecasts]
        elapsed_ms = [row.elapsed_ms for row in self.rows if row.elapsed_ms is not None]
        return Summary(
            questions=len(self.rows),
            answerable=len(answerable),
            unanswerable=len(unanswerable),
            failed=sum(row.failed is not None for row in self.rows),
            success_at_1=_mean(row.first_contains for row in answerable),
            success_at_1_overlap=_mean(row.first_overlaps for row in answerable),
            success_at_3=_mean(row.first_three_contain for row in answerable),
            mrr_at_10=_mean(row.reciprocal_rank for row in answerable),
            highlight_has_answer=_mean(row.highlight_contains for row in answerable),
            highlight_overlaps_answer=_mean(row.highlight_overlaps for row in answerable),
            span_recall_at_5=_mean(row.span_recall for row in answerable),
            span_precision_at_5=_mean(row.span_precision for row in answerable),
            mean_first_passage_characters=_mean(
                row.first_characters for row in self.rows if row.first_characters is not None
            ),
            declining_auc=area_under_roc(
                [row.confidence for row in answerable], [row.confidence for row in declinable]
            ),
            answered_answerable=_mean(row.answered for row in answerable),
            answered_rightly=_mean(row.answered and row.first_contains for row in answerable),
            answered_unanswerable=_mean(row.answered for row in declinable),
            brier=brier_score(probabilities, outcomes),
            calibration_error=expected_calibration_error(probabilities, outcomes),
            elapsed_ms_p50=percentile(elapsed_ms, 50),
            elapsed_ms_p95=percentile(elapsed_ms, 95),
        )


def evaluate(
    questions: Iterable[Question],
    answer: Callable[[str], Answer],
    on_question: Callable[[QuestionRow], None] | None = None,
) -> Evaluation:
    """Ask every question, in order, and keep a row for each.

    Args:
        questions: what to ask, with where the answers stand.
        answer: the answerer; it gets the question's text and nothing else.
        on_question: told each row as soon as it is there, for progress.

    An error of ours (`FootnoteError`) on one question is kept in its row and the rest goes on;
    any other is a fault of the program and is raised.
    """
    rows: list[QuestionRow] = []
    for question in questions:
        try:
            given = answer(question.text)
        except FootnoteError as error:
            row = _failed_row(question, type(error).__name__)
        else:
            row = _row(question, given)
        rows.append(row)
        if on_question is not None:
            on_question(row)
    return Evaluation(tuple(rows))


def _row(question: Question, given: Answer) -> QuestionRow:
    passages = [ranked.passage for ranked in given.passages]
    first = given.passages[0] if given.passages else None
    return QuestionRow(
        question_id=question.question_id,
        answerable=question.answerable,
        answered=given.answered,
        confidence=given.confidence,
        first_contains=success_at(passages, question.spans, 1),
        first_overlaps=success_at(passages, question.spans, 1, Match.OVERLAPS),
        first_three_contain=success_at(passages, question.spans, 3),
        highlight_contains=highlight_has_answer(first, question.spans),
        highlight_overlaps=highlight_has_answer(first, question.spans, Match.OVERLAPS),
        reciprocal_rank=reciprocal_rank(passages, question.spans, 10),
        span_recall=span_recall_at(passages, question.spans, 5),
        span_precision=span_precision_at(passages, question.spans, 5),
        first_characters=None if first is None else first.passage.span.end - first.passage.span.start,
        elapsed_ms=given.elapsed_ms,
        failed=None,
    )


def _failed_row(question: Question, error_name: str) -> QuestionRow:
    return QuestionRow(
        question_id=question.question_id,
        answerable=question.answerable,
        answered=False,
        confidence=0.0,
        first_contains=False,
        first_overlaps=False,
        first_three_contain=False,
        highlight_contains=False,
        highlight_overlaps=False,
        reciprocal_rank=0.0,
        span_recall=0.0,
        span_precision=0.0,
        first_characters=None,
        elapsed_ms=None,
        failed=error_name,
    )


def _mean(values: Iterable[float]) -> float | None:
    """Return the arithmetic mean, or None of nothing."""
    listed = list(values)
    return fmean(listed) if listed else None
