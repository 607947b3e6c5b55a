"""A file of bare questions is read whatever the questions are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.question_lines import QuestionLine, read_question_lines
from index.errors import QuestionFileError


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(exclude_categories=[])), min_size=1))
def test_any_text_is_a_question(tmp_path: Path, texts: list[str]) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps({"id": text, "question": text}) + "\n" for text in texts), "utf-8")
    assert read_question_lines(path) == [QuestionLine(text, text) for text in texts]


def test_ids_stay_what_they_are_and_other_keys_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"id": 7, "question": "a", "spans": [], "kind": 1}\r\n\r\n'
        b'{"id": "seven", "question": "b"}\n{"question": "c"}'
    )
    assert read_question_lines(path) == [
        QuestionLine(7, "a"),
        QuestionLine("seven", "b"),
        QuestionLine(4, "c"),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"Who wrote it?", "not JSON"),
        (b'{"question": "\xff"}', "not UTF-8"),
        (b"[" * 100_000, "not JSON"),
        (b'["Who?"]', 'no object with a "question"'),
        (b'{"id": 1}', 'no object with a "question"'),
        (b'{"question": 5}', 'no object with a "question"'),
        (b'{"id": [1], "question": "a"}', '"id" is no string'),
    ],
)
def test_a_line_that_is_no_question_is_named(tmp_path: Path, line: bytes, message: str) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_bytes(b'{"question": "a"}\n' + line + b"\n")
    with pytest.raises(QuestionFileError) as caught:
        read_question_lines(path)
    assert str(caught.value).startswith(f"{path}, line 2: {message}")


@pytest.mark.parametrize("content", [b"", b"\n \n", None])
def test_a_file_without_questions_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "questions.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(
        QuestionFileError, match="has no questions" if content is not None else "cannot be read"
    ):
        read_question_lines(path)
