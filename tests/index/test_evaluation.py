"""Evaluation: a row a question, figures that can be worked by hand, and failures that cost."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import FootnoteError, ModelError
from index.evaluation import Evaluation, QuestionRow, Summary, evaluate
from index.types import Answer, AnswerSpan, Passage, Question, RankedPassage, Source, Span


def ranked(start: int, end: int, probability: float = 0.5, highlight: Span | None = None) -> RankedPassage:
    """Return a passage of the one article there is."""
    span = Span(start, end)
    passage = Passage("0123456789abcdef", "moon", span, (span,), (), 1, 1)
    return RankedPassage(passage, Source("moon", "Moon", "en"), "x" * (end - start), highlight, probability)


def answer(*passages: RankedPassage, answered: bool = True, elapsed_ms: float = 1.0) -> Answer:
    """Return an answer whose confidence is its first passage's probability."""
    confidence = passages[0].probability if passages else 0.0
    return Answer("?", answered, confidence, passages, False, elapsed_ms, "test")


def question(name: str, *spans: tuple[int, int], answerable: bool | None = None) -> Question:
    """Return a question whose text is its id; answerable where it has spans, unless told."""
    places = tuple(AnswerSpan("moon", Span(*span), "") for span in spans)
    return Question(name, name, places, bool(places) if answerable is None else answerable)


def replay(answers: dict[str, Answer | Exception]) -> Callable[[str], Answer]:
    """Return an answerer that knows what to say, or raise, to each question."""

    def ask(text: str) -> Answer:
        given_answer = answers[text]
        if isinstance(given_answer, Exception):
            raise given_answer
        return given_answer

    return ask


@pytest.fixture
def small() -> Evaluation:
    """Return four answerable questions and two that are not.

    "first" is right at once and marked; "second" at rank 2, after an overlap; "third" is not
    found; "empty" got nothing; "declined" and "deceived" have no answer.
    """
    questions = [
        question("first", (10, 20)),
        question("second", (10, 20)),
        question("third", (10, 20)),
        question("empty", (10, 20)),
        question("declined"),
        question("deceived"),
    ]
    answers: dict[str, Answer | Exception] = {
        "first": answer(ranked(0, 40, 0.9, Span(5, 25)), elapsed_ms=10),
        "second": answer(ranked(15, 35, 0.8, Span(15, 35)), ranked(0, 20), elapsed_ms=20),
        "third": answer(ranked(50, 80, 0.3), answered=False, elapsed_ms=30),
        "empty": answer(answered=False, elapsed_ms=40),
        "declined": answer(ranked(50, 60, 0.2), answered=False, elapsed_ms=50),
        "deceived": answer(ranked(0, 100, 0.8), elapsed_ms=60),
    }
    return evaluate(questions, replay(answers))


def test_every_question_gets_its_row_in_order(small: Evaluation) -> None:
    """A row has all that was measured on its question."""
    assert [row.question_id for row in small.rows] == [
        "first", "second", "third", "empty", "declined", "deceived"
    ]  # fmt: skip
    assert small.rows[1] == QuestionRow(
        question_id="second",
        answerable=True,
        answered=True,
        confidence=0.8,
        first_contains=False,
        first_overlaps=True,
        first_three_contain=True,
        highlight_contains=False,
        highlight_overlaps=True,
        reciprocal_rank=0.5,
        span_recall=1.0,
        span_precision=10 / 35,
        first_characters=20,
        elapsed_ms=20,
        failed=None,
    )


def test_places_are_averaged_over_the_answerable_and_an_empty_answer_is_zero(small: Evaluation) -> None:
    """Of four: one right at once, one at rank 2, two not at all."""
    summary = small.summary()
    assert (summary.questions, summary.answerable, summary.unanswerable, summary.failed) == (6, 4, 2, 0)
    assert summary.success_at_1 == 1 / 4
    assert summary.success_at_1_overlap == 2 / 4
    assert summary.success_at_3 == 2 / 4
    assert summary.mrr_at_10 == 1.5 / 4
    assert summary.highlight_has_answer == 1 / 4
    assert summary.highlight_overlaps_answer == 2 / 4
    assert summary.span_recall_at_5 == 2 / 4
    assert summary.span_precision_at_5 == pytest.approx((10 / 40 + 10 / 35) / 4)


def test_declining_is_measured_on_both_kinds(small: Evaluation) -> None:
    """Against .2 win .9, .8 and .3; against .8 wins .9 and ties .8: 4.5 of 8 pairs."""
    summary = small.summary()
    assert summary.declining_auc == 4.5 / 8
    assert summary.answered_answerable == 2 / 4
    assert summary.answered_rightly == 1 / 4
    assert summary.answered_unanswerable == 1 / 2


def test_calibration_is_of_the_first_passage_being_right(small: Evaluation) -> None:
    """Only "first" is right; an empty answer promises nothing and keeps it."""
    summary = small.summary()
    assert summary.brier == pytest.approx((0.1**2 + 0.8**2 + 0.3**2 + 0 + 0.2**2 + 0.8**2) / 6)
    assert summary.calibration_error == pytest.approx((0.1 + 2 * 0.8 + 0.3 + 0 + 0.2) / 6)


def test_lengths_and_times_are_of_all_questions(small: Evaluation) -> None:
    """Five first passages of 40, 20, 30, 10 and 100 characters; six times from 10 to 60."""
    summary = small.summary()
    assert summary.mean_first_passage_characters == 40
    assert summary.elapsed_ms_p50 == 35
    assert summary.elapsed_ms_p95 == pytest.approx(57.5)


def test_ranking_looks_past_the_decision_to_decline() -> None:
    """A right passage that was not thought good enough is a success, but not answered rightly."""
    summary = evaluate(
        [question("shy", (10, 20))], replay({"shy": answer(ranked(0, 30, 0.1), answered=False)})
    ).summary()
    assert summary.success_at_1 == 1
    assert summary.answered_rightly == 0


def test_a_failure_is_kept_with_its_name_and_the_rest_goes_on() -> None:
    """One bad question does not cost the run."""
    evaluation = evaluate(
        [question("broken", (10, 20)), question("fine", (10, 20))],
        replay({"broken": ModelError("no weights"), "fine": answer(ranked(0, 30))}),
    )
    assert [row.failed for row in evaluation.rows] == ["ModelError", None]
    assert evaluation.rows[0].elapsed_ms is None
    assert evaluation.summary().failed == 1
    assert evaluation.summary().success_at_1 == 1 / 2


def test_a_failed_question_without_an_answer_does_not_count_as_declined() -> None:
    """To break is not to decline: such questions are left out."""
    summary = evaluate(
        [question("broken"), question("deceived"), question("first", (10, 20))],
        replay(
            {
                "broken": FootnoteError("broken"),
                "deceived": answer(ranked(0, 30, 0.6)),
                "first": answer(ranked(0, 30, 0.6)),
            }
        ),
    ).summary()
    assert summary.unanswerable == 2
    assert summary.answered_unanswerable == 1
    assert summary.declining_auc == 0.5
    assert summary.brier == pytest.approx((0.6**2 + 0.4**2) / 2)


def test_a_fault_of_the_program_is_raised() -> None:
    """Figures made on top of a bug would be worse than none."""
    with pytest.raises(KeyError):
        evaluate([question("unheard of")], replay({}))


def test_questions_of_unknown_kind_count_for_lengths_and_times_only() -> None:
    """A file of bare questions still tells how fast the answers are."""
    bare = Question("bare", "bare", (), None)
    summary = evaluate([bare], replay({"bare": answer(ranked(0, 30), elapsed_ms=7)})).summary()
    assert (summary.questions, summary.answerable, summary.unanswerable) == (1, 0, 0)
    assert summary.elapsed_ms_p50 == 7
    assert summary.mean_first_passage_characters == 30
    measured = {name for name, figure in summary.as_dict().items() if figure is not None}
    assert measured == {
        "questions", "answerable", "unanswerable", "failed",
        "mean_first_passage_characters", "elapsed_ms_p50", "elapsed_ms_p95",
    }  # fmt: skip


def test_an_evaluation_of_nothing_has_no_figures() -> None:
    """None everywhere, and counts of zero."""
    figures = evaluate([], replay({})).summary().as_dict()
    assert [figures.pop(name) for name in ("questions", "answerable", "unanswerable", "failed")] == [0] * 4
    assert set(figures.values()) == {None}


def test_the_listener_hears_every_row_as_it_comes() -> None:
    """Progress is told after each question, before the next is asked."""
    heard: list[str] = []

    def ask(text: str) -> Answer:
        heard.append(f"asked {text}")
        return answer(ranked(0, 30))

    evaluation = evaluate(
        [question("a", (10, 20)), question("b")], ask, lambda row: heard.append(f"told {row.question_id}")
    )
    assert heard == ["asked a", "told a", "asked b", "told b"]
    assert len(evaluation.rows) == 2


def test_the_names_for_json_are_stable(small: Evaluation) -> None:
    """Scripts read these names: to change one is to break them."""
    figures = json.loads(json.dumps(small.summary().as_dict()))
    assert list(figures) == [
        "questions",
        "answerable",
        "unanswerable",
        "failed",
        "success_at_1",
        "success_at_1_overlap",
        "success_at_3",
        "mrr_at_10",
        "highlight_has_answer",
        "highlight_overlaps_answer",
        "span_recall_at_5",
        "span_precision_at_5",
        "mean_first_passage_characters",
        "declining_auc",
        "answered_answerable",
        "answered_rightly",
        "answered_unanswerable",
        "brier",
        "calibration_error",
        "elapsed_ms_p50",
        "elapsed_ms_p95",
    ]
    assert Summary(**figures) == small.summary()


outcomes = st.lists(
    st.tuples(
        st.booleans(),
        st.lists(st.tuples(st.integers(0, 30), st.integers(1, 30), st.floats(0, 1)), max_size=4),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


@given(drawn=outcomes, broken=st.integers(0, 7))
def test_shares_stay_shares_and_a_failure_improves_nothing_about_places(
    drawn: list[tuple[bool, list[tuple[int, int, float]], bool]], broken: int
) -> None:
    """Every figure that is a share is in [0, 1]; breaking one question raises none about places."""
    questions = [question(str(n), *([(10, 20)] if spans else [])) for n, (spans, _, _) in enumerate(drawn)]
    answers: dict[str, Answer | Exception] = {
        str(n): answer(*(ranked(start, start + size, p) for start, size, p in passages), answered=answered)
        for n, (_, passages, answered) in enumerate(drawn)
    }
    whole = evaluate(questions, replay(answers)).summary()
    for field in dataclasses.fields(Summary)[4:]:
        figure = getattr(whole, field.name)
        if field.name not in {"mean_first_passage_characters", "elapsed_ms_p50", "elapsed_ms_p95"}:
            assert figure is None or 0 <= figure <= 1
    answers[str(broken)] = FootnoteError("broken")
    lesser = evaluate(questions, replay(answers)).summary()
    for name in ("success_at_1", "success_at_3", "mrr_at_10", "span_recall_at_5", "answered_rightly"):
        before, after = getattr(whole, name), getattr(lesser, name)
        assert (before is None and after is None) or after <= before
