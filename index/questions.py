"""Reads a file of questions: JSON Lines, one question a line, with where its answer stands.

A line is `{"id", "question", "spans": [{"article", "start", "end", "text"}]}`; other keys are
ignored. Offsets count code points of the article's text. No spans means that the articles do
not answer the question; no `spans` key at all means that nobody said.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from pathlib import Path

from index.errors import QuestionFileError
from index.types import AnswerSpan, Question, Span

LONGEST_LINE_BYTES = 1024 * 1024
"""A longer line is refused: a question with its spans is a thousandth of that."""


def read_questions(path: Path) -> list[Question]:
    """Return the questions of a file, in its order.

    A byte order mark, Windows line ends and blank lines are fine. A question without an id gets
    the number of its line as one. `answerable` is None where the line has no `spans`.

    Raises:
        QuestionFileError: the file cannot be read, has no questions, or a line is not in the
            form above; the message names the file, the line and the remedy.
    """
    questions: list[Question] = []
    line_of_id: dict[str, int] = {}
    for line_number, line in _lines(path):
        where = f"{path}, line {line_number}"
        question = _question(line, where, line_number)
        first_line = line_of_id.setdefault(question.question_id, line_number)
        if first_line != line_number:
            raise QuestionFileError(
                f"{where}: the id {question.question_id!r} is that of line {first_line} too; "
                "give every question an id of its own."
            )
        questions.append(question)
    if not questions:
        raise QuestionFileError(
            f"{path} has no questions; write one JSON object a line, such as "
            '{"id": "q1", "question": "Who wrote it?", "spans": []}.'
        )
    return questions


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the number, from 1, and the text of each line that is not blank."""
    try:
        with path.open("rb") as file:
            line_number = 0
            while raw := file.readline(LONGEST_LINE_BYTES + 1):
                line_number += 1
                if len(raw) > LONGEST_LINE_BYTES:
                    raise QuestionFileError(
                        f"{path}, line {line_number}: the line is longer than {LONGEST_LINE_BYTES} bytes; "
                        "write one question a line."
                    )
                if line_number == 1:
                    raw = raw.removeprefix(codecs.BOM_UTF8)
                try:
                    line = raw.decode("utf-8").strip()
                except UnicodeDecodeError as error:
                    raise QuestionFileError(
                        f"{path}, line {line_number}: byte {error.start + 1} of the line is not UTF-8; "
                        "save the file as UTF-8."
                    ) from error
                if line:
                    yield line_number, line
    except FileNotFoundError as error:
        raise QuestionFileError(f"{path} does not exist; give the path of a file of questions.") from error
    except OSError as error:
        raise QuestionFileError(
            f"{path} cannot be read ({error.strerror}); give the path of a file of questions that can."
        ) from error


def _question(line: str, where: str, line_number: int) -> Question:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise QuestionFileError(
            f"{where}: not JSON ({error.msg} at character {error.pos + 1}); write one JSON object a line."
        ) from error
    except (ValueError, RecursionError) as error:
        raise QuestionFileError(
            f"{where}: a number is too long or brackets are nested too deep to read; "
            "write one flat JSON object a line."
        ) from error
    if not isinstance(record, dict):
        raise QuestionFileError(
            f"{where}: {_named(record)} where an object is expected; "
            'write the question as {"id": ..., "question": ..., "spans": [...]}.'
        )
    text = _text(record.get("question"), "question", where)
    question_id = _question_id(record.get("id"), where, line_number)
    if "spans" not in record:
        return Question(question_id, text, (), None)
    listed = record["spans"]
    if not isinstance(listed, list):
        raise QuestionFileError(
            f'{where}: "spans" is {_named(listed)}, expected a list; '
            "write [] where the articles do not answer, or leave the key out where you do not know."
        )
    spans = tuple(_answer_span(item, f"{where}, span {place}") for place, item in enumerate(listed, start=1))
    return Question(question_id, text, spans, bool(spans))


def _question_id(value: object, where: str, line_number: int) -> str:
    if value is None:
        return str(line_number)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _text(value, "id", where)


def _answer_span(item: object, where: str) -> AnswerSpan:
    if not isinstance(item, dict):
        raise QuestionFileError(
            f"{where}: {_named(item)} where an object is expected; "
            'write the span as {"article": ..., "start": ..., "end": ..., "text": ...}.'
        )
    article_id = _text(item.get("article"), "article", where)
    start = _offset(item.get("start"), "start", where)
    end = _offset(item.get("end"), "end", where)
    if end <= start:
        raise QuestionFileError(
            f'{where}: "end" is {end} and "start" is {start}; "end" is the offset after the last '
            "character, so make it the greater one."
        )
    text = item.get("text", "")
    if not isinstance(text, str):
        raise QuestionFileError(
            f'{where}: "text" is {_named(text)}, expected a string; give what stands there, or leave it out.'
        )
    # Offsets counted in bytes or in UTF-16 units would otherwise measure the wrong place in silence.
    if text and len(text) != end - start:
        raise QuestionFileError(
            f'{where}: "text" has {len(text)} characters, but {start} to {end} are {end - start}; '
            "count offsets in Unicode code points."
        )
    return AnswerSpan(article_id, Span(start, end), _whole_characters(text, "text", where))


def _text(value: object, key: str, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise QuestionFileError(
            f'{where}: "{key}" is {_named(value)}, expected a string that is not blank; fill it in.'
        )
    return _whole_characters(value, key, where)


def _whole_characters(value: str, key: str, where: str) -> str:
    """Return the string unless JSON escapes put half a character into it, which no file can hold."""
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise QuestionFileError(
            f'{where}: "{key}" has half of a surrogate pair, which is no character; '
            "write the character itself."
        )
    return value


def _offset(value: object, key: str, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise QuestionFileError(
            f'{where}: "{key}" is {_named(value)}, expected a whole number from 0; '
            "count Unicode code points from the beginning of the article's file."
        )
    return value


def _named(value: object) -> str:
    """Name a JSON value for a message, in few words whatever its size."""
    match value:
        case None:
            return "null or missing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            shown = repr(value)
            return shown if len(shown) <= 20 else "a long number"
        case str():
            return "a string" if value.strip() else "a blank string"
        case list():
            return "a list"
        case _:
            return "an object"
