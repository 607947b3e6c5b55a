"""Reading a file of questions: what is accepted, and what is said about what is not."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import QuestionFileError
from index.questions import LONGEST_LINE_BYTES, read_questions
from index.types import AnswerSpan, Question, Span

SPAN = {"article": "moon", "start": 4, "end": 8, "text": "rock"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the test writes its file of questions."""
    return tmp_path / "questions.jsonl"


@pytest.fixture(scope="module")
def path_for_all(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a property test writes each of its examples, one over the other."""
    return tmp_path_factory.mktemp("questions") / "questions.jsonl"


def complaint(path: Path) -> str:
    """Return what is said when the file is read, which must be refused."""
    with pytest.raises(QuestionFileError) as caught:
        read_questions(path)
    return str(caught.value)


def test_a_question_comes_with_its_spans_and_other_keys_are_ignored(path: Path) -> None:
    """Spans keep their order; keys that are not of the form change nothing."""
    second = {**SPAN, "start": 20, "end": 24, "passage_start": 0}
    path.write_text(json.dumps({"id": "q1", "question": "What?", "spans": [SPAN, second], "level": 3}))
    assert read_questions(path) == [
        Question(
            "q1",
            "What?",
            (AnswerSpan("moon", Span(4, 8), "rock"), AnswerSpan("moon", Span(20, 24), "rock")),
            True,
        )
    ]


def test_no_spans_means_unanswerable_and_no_key_means_unknown(path: Path) -> None:
    """An empty list says that the articles do not answer; a missing key says nothing."""
    path.write_text('{"id": "a", "question": "One?", "spans": []}\n{"id": "b", "question": "Two?"}\n')
    assert [question.answerable for question in read_questions(path)] == [False, None]


def test_a_missing_id_becomes_the_number_of_the_line(path: Path) -> None:
    """Lines count from 1, blank ones too; a number as id is taken as text."""
    path.write_text('\n{"question": "One?"}\n{"id": null, "question": "Two?"}\n{"id": 70, "question": "3?"}')
    assert [question.question_id for question in read_questions(path)] == ["2", "3", "70"]


def test_byte_order_mark_windows_line_ends_and_blank_lines_are_fine(path: Path) -> None:
    """What editors on Windows leave behind changes nothing."""
    path.write_bytes(
        b'\xef\xbb\xbf{"id": "a", "question": "One?"}\r\n\r\n  \r\n{"id": "b", "question": "?!"}\r\n'
    )
    assert [question.question_id for question in read_questions(path)] == ["a", "b"]


def test_a_text_may_be_left_out(path: Path) -> None:
    """The offsets say where the answer stands; the text is for people."""
    span = {"article": "moon", "start": 4, "end": 8}
    path.write_text(json.dumps({"question": "What?", "spans": [span]}))
    assert read_questions(path)[0].spans == (AnswerSpan("moon", Span(4, 8), ""),)


def test_offsets_count_code_points(path: Path) -> None:
    """A character outside the basic plane is one, and a text counted in UTF-16 units is refused."""
    span = {"article": "moon", "start": 0, "end": 2, "text": "🌕!"}
    path.write_text(json.dumps({"question": "What?", "spans": [span]}))
    assert read_questions(path)[0].spans[0].span == Span(0, 2)
    path.write_text(json.dumps({"question": "What?", "spans": [{**span, "end": 3}]}))
    assert "code points" in complaint(path)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"question": ', "not JSON"),
        ("[" * 200_000, "nested too deep"),
        ("9" * 5_000, "too long"),
        ('["question"]', "a list where an object is expected"),
        ('{"id": "x"}', '"question" is null or missing'),
        ('{"id": "x", "question": " "}', '"question" is a blank string'),
        ('{"id": "x", "question": 5}', '"question" is 5'),
        ('{"id": "x", "question": "\\ud83c"}', '"question" has half of a surrogate pair'),
        ('{"id": true, "question": "?"}', '"id" is true'),
        ('{"id": {}, "question": "?"}', '"id" is an object'),
        ('{"id": "x", "question": "?", "spans": null}', '"spans" is null'),
        ('{"id": "x", "question": "?", "spans": [7]}', "span 1: 7 where an object is expected"),
        ('{"id": "x", "question": "?", "spans": [{"start": 0, "end": 1}]}', '"article" is null or missing'),
        ('{"id": "x", "question": "?", "spans": [{"article": "a", "end": 1}]}', '"start" is null or missing'),
        ('{"id": "x", "question": "?", "spans": [{"article": "a", "start": 0}]}', '"end" is null or missing'),
        (
            '{"id": "x", "question": "?", "spans": [{"article": "a", "start": -1, "end": 4}]}',
            '"start" is -1',
        ),
        (
            '{"id": "x", "question": "?", "spans": [{"article": "a", "start": 0, "end": 1.5}]}',
            '"end" is 1.5',
        ),
        (
            '{"id": "x", "question": "?", "spans": [{"article": "a", "start": 0, "end": 1, "text": 1}]}',
            '"text" is 1',
        ),
        (
            '{"id": "x", "question": "?", "spans": [{"article": "a", "start": 4, "end": 4, "text": ""}]}',
            '"end" is 4 and "start" is 4',
        ),
        (
            '{"question": "?", "spans": [{"article": "a", "start": 0, "end": 1, "text": "\\ud800"}]}',
            '"text" has half of a surrogate pair',
        ),
    ],
    ids=lambda value: value[:60],
)
def test_a_line_out_of_form_is_refused_with_file_line_and_reason(
    path: Path, line: str, expected: str
) -> None:
    """The message leads to the place and says what is there."""
    path.write_text('{"id": "good", "question": "?", "spans": []}\n' + line + "\n")
    said = complaint(path)
    assert said.startswith(f"{path}, line 2")
    assert expected in said


def test_an_id_given_twice_is_refused_with_both_lines(path: Path) -> None:
    """Two rows under one name could not be told apart."""
    path.write_text('{"id": "a", "question": "One?"}\n\n{"id": "a", "question": "Two?"}\n')
    said = complaint(path)
    assert "line 3" in said
    assert "'a'" in said
    assert "line 1" in said


def test_bytes_that_are_not_utf_8_are_refused_with_their_place(path: Path) -> None:
    """The place is the byte of the line, from 1."""
    path.write_bytes(b'{"question": "One?"}\n{"question": "caf\xe9?"}\n')
    said = complaint(path)
    assert "line 2: byte 18 of the line is not UTF-8" in said


def test_a_line_may_be_as_long_as_the_bound_and_no_longer(path: Path) -> None:
    """Line ends count; the bound keeps a wrong file from filling the memory."""
    frame = b'{"question": ""}\n'
    path.write_bytes(frame.replace(b'""', b'"' + b"a" * (LONGEST_LINE_BYTES - len(frame)) + b'"'))
    assert len(read_questions(path)) == 1
    path.write_bytes(frame.replace(b'""', b'"' + b"a" * (LONGEST_LINE_BYTES - len(frame) + 1) + b'"'))
    assert f"line 1: the line is longer than {LONGEST_LINE_BYTES} bytes" in complaint(path)


@pytest.mark.parametrize("content", [b"", b"\n\r\n  \n", b"\xef\xbb\xbf"])
def test_a_file_without_questions_is_refused(path: Path, content: bytes) -> None:
    """An evaluation over nothing would look like a result."""
    path.write_bytes(content)
    assert f"{path} has no questions" in complaint(path)


def test_a_file_that_is_not_there_or_cannot_be_read_is_named(path: Path) -> None:
    """A missing file and a folder in its place are told apart."""
    assert complaint(path).startswith(f"{path} does not exist")
    path.mkdir()
    assert complaint(path).startswith(f"{path} cannot be read")


@given(texts=st.lists(st.text().filter(str.strip), min_size=1, max_size=5), escaped=st.booleans())
def test_any_text_comes_back_as_written(path_for_all: Path, texts: list[str], escaped: bool) -> None:
    """Questions and article ids hold any Unicode, line separators included."""
    written = [
        {
            "id": f"q{n}",
            "question": text,
            "spans": [{"article": text, "start": n, "end": n + len(text), "text": text}],
        }
        for n, text in enumerate(texts)
    ]
    lines = (json.dumps(record, ensure_ascii=escaped) for record in written)
    path_for_all.write_bytes("\n".join(lines).encode())
    read = read_questions(path_for_all)
    assert [question.text for question in read] == texts
    assert [question.spans[0].article_id for question in read] == texts
    assert [question.spans[0].text for question in read] == texts


@given(content=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(path_for_all: Path, content: bytes) -> None:
    """No content raises anything but the error that is documented, and questions are never blank."""
    path_for_all.write_bytes(content)
    read: list[Question] = []
    with contextlib.suppress(QuestionFileError):
        read = read_questions(path_for_all)
    assert all(question.text.strip() for question in read)
