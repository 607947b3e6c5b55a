"""Evaluation is fair to both bots and refuses to measure the wrong articles."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.commands import app
from bot.evaluating import figures_table, take_turns
from index.evaluation import Evaluation
from index.types import Answer, Question
from tests.bot.answers import answer_of, ranked

QUESTIONS = [Question(str(number), f"Question {number}?", (), False) for number in range(3)]


def evaluate(corpus: Path, index: Path, questions: Path, *more: str) -> Result:
    arguments = ["evaluate", "--articles", corpus, "--index", index, "--questions", questions, *more]
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "120"})


@pytest.fixture
def dataset(corpus: Path, tmp_path: Path) -> Path:
    """A question that the articles answer, and one that they do not."""
    text = (corpus / "tea.md").read_bytes().decode()
    start = text.index("dark tin")
    span = {"article": "tea", "start": start, "end": start + 8, "text": "dark tin"}
    path = tmp_path / "questions.jsonl"
    path.write_text(
        json.dumps({"id": "a", "question": "How should tea be stored?", "spans": [span]})
        + "\n"
        + json.dumps({"id": "b", "question": "Who won the chess championship of 1972?", "spans": []}),
        encoding="utf-8",
    )
    return path


def test_bots_take_turns_and_the_first_question_warms_them_up() -> None:
    asked: list[tuple[str, str]] = []

    def bot(name: str) -> Answer:
        return answer_of(ranked(title=name))

    def footnote(text: str) -> Answer:
        asked.append(("footnote", text[9]))
        return bot("footnote")

    def naive(text: str) -> Answer:
        asked.append(("naive", text[9]))
        return bot("naive")

    done: list[int] = []
    evaluations = take_turns(QUESTIONS, {"footnote": footnote, "naive": naive}, done.append)
    assert asked == [
        ("footnote", "0"),
        ("naive", "0"),
        ("footnote", "0"),
        ("naive", "0"),
        ("naive", "1"),
        ("footnote", "1"),
        ("footnote", "2"),
        ("naive", "2"),
    ]
    assert done == [1, 2, 3]
    assert [row.question_id for row in evaluations["naive"].rows] == ["0", "1", "2"]


def test_what_could_not_be_measured_is_a_dash() -> None:
    table = figures_table({"footnote": Evaluation(()).summary()})
    shown = [str(cell) for cell in table.columns[1].cells]
    assert table.columns[1].header == "Footnote"
    assert shown[:4] == ["0", "0", "0", "0"]
    assert set(shown[4:]) == {"-"}


def test_figures_of_both_bots_as_json_and_as_a_table(corpus: Path, built_index: Path, dataset: Path) -> None:
    result = evaluate(corpus, built_index, dataset, "--against", "naive", "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert list(figures) == ["footnote", "naive"]
    assert figures["footnote"]["questions"] == figures["naive"]["questions"] == 2
    assert figures["footnote"]["success_at_1"] == 1.0
    assert figures["footnote"]["highlight_has_answer"] == 1.0
    assert figures["naive"]["highlight_has_answer"] == 0.0
    shown = evaluate(corpus, built_index, dataset, "--first-look")
    assert shown.exit_code == 0, shown.output
    assert "First passage has the answer (Success@1)" in shown.stdout
    assert "Footnote" in shown.stdout
    assert "Naive" not in shown.stdout


def test_a_dataset_about_other_articles_is_refused(corpus: Path, built_index: Path, tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    span = {"article": "coffee", "start": 0, "end": 6, "text": "Coffee"}
    path.write_text(json.dumps({"id": "a", "question": "What?", "spans": [span]}), encoding="utf-8")
    result = evaluate(corpus, built_index, path, "--first-look")
    assert result.exit_code == 1
    assert "'coffee'" in result.stderr
    assert "--articles" in result.stderr
