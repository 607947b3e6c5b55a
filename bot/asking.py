"""`footnote ask`: one question, or a file of them in one process."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from bot.blocking import BlockingAnswering
from bot.composition import Place, load_encoder, opened_retriever
from bot.question_lines import read_question_lines
from bot.rendering import answer_object, json_text, render_answer
from bot.terminal import is_terminal, style_for

PASSAGES_IN_TEXT: Final = 3
PASSAGES_IN_JSON: Final = 10

_LONGEST_INPUT: Final = 1_000_000
"""Characters read from standard input: what comes after could not be part of a question."""


def question_from(words: Sequence[str]) -> str | None:
    """Return the question that the arguments hold or standard input brings; None where neither does.

    No argument, and `-`, mean standard input; nobody is made to type there.
    """
    if words and tuple(words) != ("-",):
        return " ".join(words)
    if is_terminal(sys.stdin):
        return None
    return sys.stdin.read(_LONGEST_INPUT)


def ask_one(
    place: Place, question: str, *, top_k: int | None, as_json: bool, up_to_date: bool, second_look: bool
) -> bool:
    """Write the answer to standard output and return whether there is one.

    Raises:
        FootnoteError: The articles, the index or a model cannot be read.
    """
    shown = top_k or (PASSAGES_IN_JSON if as_json else PASSAGES_IN_TEXT)
    encoder = load_encoder(place.settings)
    with (
        opened_retriever(place, encoder, up_to_date=up_to_date, second_look=second_look) as retriever,
        BlockingAnswering(retriever) as answering,
    ):
        answer = answering.ask(question, top_k=shown, second_look=second_look)
    if as_json:
        text = json_text(answer_object(answer), for_reading=is_terminal(sys.stdout))
    else:
        text = render_answer(answer, style_for(sys.stdout))
    click.echo(text)
    return answer.answered


def ask_file(place: Place, path: Path, *, top_k: int | None, up_to_date: bool, second_look: bool) -> None:
    """Answer a file of questions, one line of JSON each, as soon as it is there.

    Raises:
        QuestionFileError: The file cannot be read or has a line that is no question; nothing is answered.
        FootnoteError: The articles, the index or a model cannot be read.
    """
    questions = read_question_lines(path)
    encoder = load_encoder(place.settings)
    with (
        opened_retriever(place, encoder, up_to_date=up_to_date, second_look=second_look) as retriever,
        BlockingAnswering(retriever) as answering,
    ):
        for question in questions:
            answer = answering.ask(question.text, top_k=top_k or PASSAGES_IN_JSON, second_look=second_look)
            click.echo(json_text(answer_object(answer, question.question_id), for_reading=False))
            sys.stdout.flush()
