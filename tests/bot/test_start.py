"""Answering from an index that is up to date loads nothing that only building, serving or PyTorch needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_PROGRAM = """
import sys
from bot.commands import app
unwanted, *arguments = sys.argv[1:]
status = app(arguments, standalone_mode=False)
sys.exit(", ".join(sorted(set(unwanted.split()) & set(sys.modules))) or status)
"""
_SECONDS = "torch transformers sentence_transformers onnx scipy sklearn"
"""Libraries that take seconds each."""
_FOR_BUILDING = "filelock yaml sentencex index.generation_making index.generation_writer index.segment"
"""What a build of any articles loads."""
_FOR_OTHERS = (
    f"{_FOR_BUILDING} telegram httpx sqlalchemy starlette uvicorn charset_normalizer py3langid "
    "rich.console rich.progress pydantic typer importlib.metadata rapidfuzz"
)
"""What a start leaves out where there is nothing to build, to send or to draw and no word is misspelt."""


def footnote(*arguments: str, unwanted: str = _SECONDS) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, which fails and names them where it loaded unwanted modules."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", _PROGRAM, unwanted, *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )


@pytest.mark.parametrize("more", [[], ["--no-build"], ["--first-look"]], ids=str)
def test_asking_loads_only_what_answering_needs(corpus: Path, built_index: Path, more: list[str]) -> None:
    places = ("--articles", str(corpus), "--index", str(built_index))
    done = footnote("ask", "How is tea stored?", *places, *more, unwanted=f"{_SECONDS} {_FOR_OTHERS}")
    assert (done.returncode, done.stderr) == (0, "")
    assert "dark tin" in done.stdout


def test_what_a_changed_article_needs_is_loaded(corpus: Path, tmp_path: Path) -> None:
    """The names above are right: a build loads them."""
    done = footnote(
        "build", "--articles", str(corpus), "--index", str(tmp_path / "index"), unwanted=_FOR_BUILDING
    )
    assert done.stderr.splitlines()[-1] == ", ".join(sorted(_FOR_BUILDING.split()))


def test_evaluating_loads_no_pytorch(corpus: Path, built_index: Path, tmp_path: Path) -> None:
    text = (corpus / "tea.md").read_bytes().decode()
    start = text.index("dark tin")
    span = {"article": "tea", "start": start, "end": start + 8, "text": "dark tin"}
    questions = tmp_path / "questions.jsonl"
    questions.write_text(
        json.dumps({"id": "a", "question": "How is tea stored?", "spans": [span]}), encoding="utf-8"
    )
    places = ("--articles", str(corpus), "--index", str(built_index))
    done = footnote("evaluate", "--questions", str(questions), "--json", *places)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["footnote"]["questions"] == 1
