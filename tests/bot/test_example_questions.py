"""Example questions are golden ones that are whole questions, and every article has its turn."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bot.example_questions import MOST_EXAMPLES, example_questions, readable_questions
from index.types import AnswerSpan, Question, Span


def question(text: str, article: str = "tea", *, answerable: bool = True) -> Question:
    spans = (AnswerSpan(article, Span(0, 1), "x"),) if answerable else ()
    return Question(text, text, spans, answerable)


def test_what_is_not_answered_or_no_whole_question_is_left_out() -> None:
    asked = [question("tea keep how long"), question("Why?", answerable=False), question("Who?")]
    assert readable_questions(asked) == ("Who?",)


def test_a_question_of_another_script_is_whole_too() -> None:
    assert readable_questions([question("谁？")]) == ("谁？",)


def test_articles_take_turns() -> None:
    asked = [question("T1?"), question("T2?"), question("B1?", "bread"), question("T3?")]
    assert readable_questions(asked) == ("T1?", "B1?", "T2?", "T3?")


def test_the_file_beside_the_articles_is_read(tmp_path: Path) -> None:
    line = '{"id": "1", "question": "Who?", "spans": [{"article": "a", "start": 0, "end": 1, "text": "x"}]}'
    (tmp_path / "questions.jsonl").write_text(line, encoding="utf-8")
    assert example_questions(None, tmp_path) == ("Who?",)


def test_there_are_none_without_a_file_or_with_a_damaged_one(tmp_path: Path) -> None:
    assert example_questions(None, tmp_path) == ()
    (tmp_path / "questions.jsonl").write_text("no JSON", encoding="utf-8")
    assert example_questions(None, tmp_path) == ()
    assert example_questions(tmp_path / "missing.jsonl", tmp_path) == ()


@given(st.lists(st.builds(question, st.text(), st.sampled_from(["tea", "bread"]))))
def test_there_are_never_too_many_nor_one_twice(asked: list[Question]) -> None:
    chosen = readable_questions(asked)
    assert len(chosen) <= MOST_EXAMPLES
    assert len(set(chosen)) == len(chosen)
