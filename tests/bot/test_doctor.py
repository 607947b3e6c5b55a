"""The doctor changes nothing, and every failure that it finds comes with a fix."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.commands import app
from bot.doctor import Check

CHECKS = [
    "Python",
    "packages",
    "encoder",
    "cross-encoder",
    "articles",
    "index",
    "vectors",
    "index and encoder",
    "index and articles",
    "an answer",
]


def examine(articles: Path, index: Path, *more: str) -> Result:
    return CliRunner().invoke(app, ["doctor", "--articles", str(articles), "--index", str(index), *more])


def found(result: Result) -> dict[str, str]:
    """Return what the doctor said of each check."""
    lines = [line.split(": ", 2) for line in result.stdout.splitlines()]
    return {name: f"{verdict}: {rest}" for verdict, name, rest in lines}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def articles(corpus: Path, tmp_path: Path) -> Path:
    """A copy of the articles that a test may spoil."""
    return shutil.copytree(corpus, tmp_path / "articles")


@pytest.fixture
def index(built_index: Path, tmp_path: Path) -> Path:
    """A copy of the index that a test may spoil."""
    return shutil.copytree(built_index, tmp_path / "index")


def test_all_is_well_and_nothing_is_written(articles: Path, index: Path) -> None:
    before = contents(index) | contents(articles)
    result = examine(articles, index)
    assert result.exit_code == 0, result.output
    assert list(found(result)) == CHECKS
    assert all(said.startswith("ok: ") for said in found(result).values())
    assert contents(index) | contents(articles) == before


def test_before_the_first_build_the_fix_is_to_build(articles: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    result = examine(articles, nowhere)
    assert result.exit_code == 1
    assert "run `footnote build`" in found(result)["index"]
    assert found(result)["an answer"] == "not checked: an earlier check failed"
    assert not nowhere.exists()


def test_changed_and_skipped_articles_are_found(articles: Path, index: Path) -> None:
    (articles / "new.txt").write_text("Milk is white.", encoding="utf-8")
    (articles / "empty.txt").write_bytes(b"")
    result = examine(articles, index)
    assert result.exit_code == 1
    assert found(result)["articles"].startswith("FAIL: 1 of 4 files in ")
    assert "empty.txt is empty" in found(result)["articles"]
    assert found(result)["index and articles"].endswith("- run `footnote build`")


def test_damage_is_found(articles: Path, index: Path) -> None:
    victim = max((path for path in index.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(data)
    result = examine(articles, index)
    assert result.exit_code == 1
    assert victim.name in found(result)["index"]
    assert "footnote build" in found(result)["index"]


def test_another_encoder_is_found(articles: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_QUERY_PROMPT", "query: ")
    result = examine(articles, index)
    assert result.exit_code == 1
    assert found(result)["index and encoder"].startswith("FAIL: ")
    assert "footnote build" in found(result)["index and encoder"]


def test_missing_models_and_articles_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_ENCODER", str(tmp_path / "no-model"))
    monkeypatch.setenv("FOOTNOTE_CROSS_ENCODER", str(tmp_path / "no-cross-encoder"))
    result = examine(tmp_path / "no-articles", tmp_path / "no-index", "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert report["ok"] is False
    failed = {check["name"] for check in report["checks"] if check["ok"] is False}
    assert failed == {"encoder", "cross-encoder", "articles", "index"}


def test_golden_questions_beside_the_articles_are_asked(articles: Path, index: Path) -> None:
    text = (articles / "tea.md").read_bytes().decode()
    start = text.index("dark tin")
    golden = {
        "id": "g",
        "question": "How should tea be stored?",
        "spans": [{"article": "tea", "start": start, "end": start + 8, "text": "dark tin"}],
    }
    (articles / "questions.jsonl").write_text(json.dumps(golden), encoding="utf-8")
    assert "'How should tea be stored?' found its passage" in found(examine(articles, index))["an answer"]
    golden["question"] = "Who won the chess championship of 1972?"
    (articles / "questions.jsonl").write_text(json.dumps(golden), encoding="utf-8")
    result = examine(articles, index)
    assert result.exit_code == 1
    assert found(result)["an answer"].startswith("FAIL: 'Who won the chess championship of 1972?'")


def test_a_check_is_one_line() -> None:
    assert Check("index", True, "whole").line() == "ok: index: whole"
    assert Check("index", False, "broken", "mend it").line() == "FAIL: index: broken - mend it"
    assert Check("index", False, "broken; mend it").line() == "FAIL: index: broken; mend it"
    assert (
        Check("index", None, "an earlier check failed").line()
        == "not checked: index: an earlier check failed"
    )
