"""What only a process of its own shows: what is imported, signals, and pipes that close."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import bot

HEAVY = (
    "torch",
    "sentence_transformers",
    "transformers",
    "faiss",
    "tantivy",
    "onnxruntime",
    "numpy",
    "icu4py",
    "pydantic",
)


def environment() -> dict[str, str]:
    """Return an environment in which another process finds the same package."""
    return {**os.environ, "PYTHONPATH": str(Path(bot.__file__).parents[1]), "PYTHONIOENCODING": "utf-8"}


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bot", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        encoding="utf-8",
        # As from a terminal, also where these tests run in the background of a shell.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from bot.cli import main\n"
        "sys.argv = ['footnote', '--help']\n"
        "try:\n    main()\n"
        "except SystemExit as done:\n    assert not done.code, done.code\n"
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, encoding="utf-8", check=True
    )
    assert "Usage: footnote" in done.stdout
    assert done.stderr == "[]\n"


def test_an_interrupted_build_leaves_no_index_half_made(tmp_path: Path) -> None:
    articles = tmp_path / "articles"
    articles.mkdir()
    for number in range(300):
        sentences = (
            f"Sentence {place} of article {number} is about tea {number * place}." for place in range(30)
        )
        (articles / f"{number}.txt").write_text(" ".join(sentences), encoding="utf-8")
    index = tmp_path / "index"
    with start("build", "--articles", articles, "--index", index) as process:
        assert process.stderr is not None
        begun = next(line for line in process.stderr if line.startswith("Encoding texts: "))
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate()
    assert begun
    assert process.returncode == 130
    assert output == ""
    assert errors.splitlines()[-1] == "Interrupted; the index is as it was."
    assert "Traceback" not in errors
    assert {path.name for path in index.iterdir()} <= {"build.lock", "journal.vectors"}


def test_a_reader_that_has_enough_ends_it_quietly(corpus: Path, built_index: Path, tmp_path: Path) -> None:
    questions = tmp_path / "questions.jsonl"
    questions.write_text("".join(f'{{"question": "Tea {number}?"}}\n' for number in range(200)), "utf-8")
    where = ["--articles", corpus, "--index", built_index]
    with start("ask", *where, "--first-look", "--questions", questions) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["id"] == 1
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait() == 0
    assert errors == ""


def test_a_pipe_of_another_encoding_takes_every_answer(corpus: Path, built_index: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "ask", "--articles", corpus, "--index", built_index, "--first-look"],
        input="How should tea be stored? \udcff \x00".encode("utf-8", "surrogateescape"),
        env={**environment(), "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=False,
    )
    assert done.stderr == b""
    assert done.returncode == 0
    assert b">> Tea is stored in a dark tin, away from spices. <<" in done.stdout


@pytest.mark.parametrize("argument", [b"\xff\xfe", "How should tea be stored? \u202e".encode()])
def test_arguments_that_are_no_text_are_no_error(corpus: Path, built_index: Path, argument: bytes) -> None:
    command = [sys.executable, "-m", "bot", "ask", "--first-look", "--json", "--articles", corpus]
    done = subprocess.run(
        [*command, "--index", built_index, argument], env=environment(), capture_output=True, check=False
    )
    assert done.returncode in (0, 3)
    assert json.loads(done.stdout)["answered"] is (done.returncode == 0)
    assert done.stderr == b""
