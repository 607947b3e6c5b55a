"""Reads a file of bare questions, one JSON object a line, whatever strangers wrote into them.

Where `index.questions` reads a dataset and refuses what would measure wrongly, this refuses only
what is no question at all: a blank one, or half a character, gets its answer like any other.
"""

from __future__ import annotations

import codecs
import json
from dataclasses import dataclass
from pathlib import Path

from index.errors import QuestionFileError


@dataclass(frozen=True, slots=True)
class QuestionLine:
    """One question, as the file has it."""

    question_id: str | int | float | None
    """As given, so that answers can be told apart by it; the number of the line without one."""
    text: str


def read_question_lines(path: Path) -> list[QuestionLine]:
    """Return the questions of a file, in its order; keys but `id` and `question` are ignored.

    A byte order mark, Windows line ends and blank lines are fine.

    Raises:
        QuestionFileError: The file cannot be read, or a line is no object with a question; the
            message names the file, the line and the remedy.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise QuestionFileError(
            f"{path} cannot be read ({error.strerror}); give the path of a file of questions."
        ) from error
    questions = [
        _question(line, f"{path}, line {number}", number)
        for number, line in enumerate(data.removeprefix(codecs.BOM_UTF8).split(b"\n"), start=1)
        if line.strip()
    ]
    if not questions:
        raise QuestionFileError(
            f"{path} has no questions; write one JSON object a line, such as "
            '{"id": "q1", "question": "Who wrote it?"}.'
        )
    return questions


def _question(line: bytes, where: str, number: int) -> QuestionLine:
    try:
        record = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        what = "not UTF-8" if isinstance(error, UnicodeDecodeError) else "not JSON"
        raise QuestionFileError(f"{where}: {what}; write one JSON object a line, in UTF-8.") from error
    match record:
        case {"question": str(text)}:
            question_id = record.get("id", number)
        case _:
            raise QuestionFileError(
                f'{where}: no object with a "question" that is a string; '
                'write {"id": "q1", "question": "Who wrote it?"}.'
            )
    if isinstance(question_id, dict | list):
        raise QuestionFileError(f'{where}: "id" is no string and no number; give one that is.')
    return QuestionLine(question_id, text)
