"""Answering from an index that is up to date loads none of the libraries that take seconds."""

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
status = app(sys.argv[1:], standalone_mode=False)
loaded = {"torch", "transformers", "sentence_transformers", "onnx", "scipy", "sklearn"} & set(sys.modules)
sys.exit(", ".join(sorted(loaded)) or status)
"""


def footnote(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, which fails and names them where it loaded such libraries."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", _PROGRAM, *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )


@pytest.mark.parametrize("more", [[], ["--no-build"], ["--first-look"]], ids=str)
def test_asking_loads_no_pytorch(corpus: Path, built_index: Path, more: list[str]) -> None:
    done = footnote(
        "ask", "How is tea stored?", "--articles", str(corpus), "--index", str(built_index), *more
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "dark tin" in done.stdout


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
