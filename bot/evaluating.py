"""`footnote evaluate`: the figures of Footnote, and of the naive bot beside it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import click
from rich.console import Console
from rich.table import Table

from bot.composition import Place, load_encoder, opened_retriever
from bot.progress import ProgressTeller
from bot.rendering import json_text
from bot.terminal import is_terminal
from index.errors import QuestionFileError
from index.evaluation import Evaluation, QuestionRow, Summary, evaluate
from index.naive import NaiveBot
from index.questions import read_questions
from index.types import Answer, Question

if TYPE_CHECKING:
    from index.chosen_encoder import ChosenEncoder
    from index.retriever import Retriever

Answerer = Callable[[str], Answer]

_PASSAGES: Final = 10


@dataclass(frozen=True, slots=True)
class _Figure:
    """One row of the table."""

    name: str
    field: str
    form: Literal["count", "share", "characters", "ms"] = "share"


_FIGURES: Final = (
    _Figure("Questions", "questions", "count"),
    _Figure("- the articles answer", "answerable", "count"),
    _Figure("- they do not", "unanswerable", "count"),
    _Figure("- that failed", "failed", "count"),
    _Figure("First passage has the answer (Success@1)", "success_at_1"),
    _Figure("One of the first three has it (Success@3)", "success_at_3"),
    _Figure("Mean reciprocal rank of ten (MRR@10)", "mrr_at_10"),
    _Figure("First passage touches the answer", "success_at_1_overlap"),
    _Figure("Marked sentence has the answer", "highlight_has_answer"),
    _Figure("Marked sentence touches the answer", "highlight_overlaps_answer"),
    _Figure("Span recall of five passages", "span_recall_at_5"),
    _Figure("Span precision of five passages", "span_precision_at_5"),
    _Figure("Mean length of the first passage, characters", "mean_first_passage_characters", "characters"),
    _Figure("Declining: area under the curve", "declining_auc"),
    _Figure("Answered when it should", "answered_answerable"),
    _Figure("Answered rightly when it should", "answered_rightly"),
    _Figure("Answered when it should not", "answered_unanswerable"),
    _Figure("Brier score", "brier"),
    _Figure("Calibration error", "calibration_error"),
    _Figure("Time for half of the questions, ms (p50)", "elapsed_ms_p50", "ms"),
    _Figure("Time for 95% of the questions, ms (p95)", "elapsed_ms_p95", "ms"),
)


def run_evaluation(
    place: Place,
    path: Path,
    *,
    against_naive: bool,
    top_k: int | None,
    as_json: bool,
    up_to_date: bool,
    second_look: bool,
) -> None:
    """Ask every question of a dataset and write the figures to standard output.

    Raises:
        QuestionFileError: The file is no dataset, or is about other articles.
        FootnoteError: The articles, the index or a model cannot be read.
    """
    questions = read_questions(path)
    encoder = load_encoder(place.settings)
    with opened_retriever(place, encoder, up_to_date=up_to_date, second_look=second_look) as retriever:
        _expect_same_articles(questions, retriever, path, place.articles)
        bots: dict[str, Answerer] = {
            "footnote": lambda text: retriever.ask(text, top_k=top_k or _PASSAGES, second_look=second_look)
        }
        if against_naive:
            bots["naive"] = naive_bot(retriever, encoder).ask
        with ProgressTeller(sys.stderr) as teller:
            evaluations = take_turns(
                questions, bots, lambda done: teller.tell("Asking questions", done, len(questions))
            )
    summaries = {name: evaluation.summary() for name, evaluation in evaluations.items()}
    if as_json:
        figures = {name: summary.as_dict() for name, summary in summaries.items()}
        click.echo(json_text(figures, for_reading=is_terminal(sys.stdout)))
    else:
        console = Console(file=sys.stdout, highlight=False)
        with console.capture() as captured:
            console.print(figures_table(summaries))
        click.echo(captured.get(), nl=False)


def take_turns(
    questions: Sequence[Question], bots: dict[str, Answerer], on_question: Callable[[int], None]
) -> dict[str, Evaluation]:
    """Ask every bot each question before the next one, so that the machine treats all alike.

    Who goes first changes from question to question. The first question is asked of each
    beforehand, unmeasured, because the first time takes longer.

    Args:
        questions: What to ask; never none.
        bots: Each answerer by its name.
        on_question: Told after each question how many are done.
    """
    for answer in bots.values():
        evaluate(questions[:1], answer)
    rows: dict[str, list[QuestionRow]] = {name: [] for name in bots}
    for done, question in enumerate(questions, start=1):
        for name in bots if done % 2 else reversed(bots):
            rows[name].extend(evaluate([question], bots[name]).rows)
        on_question(done)
    return {name: Evaluation(tuple(rows[name])) for name in bots}


def naive_bot(retriever: Retriever, encoder: ChosenEncoder) -> NaiveBot:
    """Return the baseline over the same articles, with the library's own way of encoding."""
    from index.vectors import flat_index

    found = (retriever.texts.article(source.article_id) for source in retriever.texts.articles())
    articles = [article for article in found if article is not None]
    return NaiveBot.build(articles, encoder.encode_plainly, flat_index)


def figures_table(summaries: dict[str, Summary]) -> Table:
    """Return the figures as rows and the bots as columns; "-" where nothing could be measured."""
    table = Table()
    table.add_column("Figure")
    for name in summaries:
        table.add_column(name.capitalize(), justify="right")
    for figure in _FIGURES:
        values = [_shown(summary.as_dict()[figure.field], figure.form) for summary in summaries.values()]
        table.add_row(figure.name, *values)
    return table


def _shown(value: float | None, form: str) -> str:
    if value is None:
        return "-"
    match form:
        case "count":
            return f"{value:,}"
        case "characters":
            return f"{value:,.0f}"
        case "ms":
            return f"{value:,.1f}"
        case _:
            return f"{value:.3f}"


def _expect_same_articles(
    questions: Sequence[Question], retriever: Retriever, path: Path, articles: Path
) -> None:
    """Refuse a dataset of which no article is there: every figure would be 0 for no fault of the bot."""
    named = dict.fromkeys(span.article_id for question in questions for span in question.spans)
    if named and all(retriever.texts.article(article_id) is None for article_id in named):
        raise QuestionFileError(
            f"{path} is about other articles, such as {next(iter(named))!r}, than {articles} holds; "
            "give the folder of its articles with --articles."
        )
