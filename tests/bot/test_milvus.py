"""One setting keeps the vectors in Milvus: build, answers, roll back and the doctor follow it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.commands import app
from bot.composition import find_place
from bot.rebuild_environment import rebuild_environment
from bot.settings import read_settings
from index.milvus import Milvus
from index.milvus_connection import MilvusAddress


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


@pytest.fixture
def place(corpus: Path, built_index: Path, tmp_path: Path) -> list[str]:
    """Return the options that name a copy of the articles and of their index, in files."""
    articles = shutil.copytree(corpus, tmp_path / "articles")
    index = shutil.copytree(built_index, tmp_path / "index")
    return ["--articles", str(articles), "--index", str(index)]


@pytest.fixture
def lite(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Set the address of a Milvus Lite, and return it."""
    for package in ("pymilvus", "milvus_lite"):
        pytest.importorskip(package, reason="needs `pip install '.[milvus]' milvus-lite`")
    monkeypatch.setenv("FOOTNOTE_MILVUS_URI", uri := str(tmp_path / "lite.db"))
    return uri


def test_a_build_moves_there_and_everything_follows(place: list[str], lite: str) -> None:
    moved = run("build", *place)
    assert moved.exit_code == 0, moved.output
    assert "Built generation" in moved.output
    answer = run("ask", "At how many degrees is green tea brewed?", *place)
    assert "brewed at 80" in answer.stdout
    healthy = run("doctor", *place)
    assert healthy.exit_code == 0, healthy.output
    assert "ok: vectors: in Milvus " in healthy.stdout
    assert f"at {lite}, vectors and words" in healthy.stdout


def test_the_doctor_finds_an_alias_that_does_not_follow_and_changes_nothing(
    place: list[str], lite: str
) -> None:
    assert run("build", *place).exit_code == 0
    milvus = Milvus(MilvusAddress(lite))
    milvus.point("footnote_words", None)
    for _ in range(2):
        examined = run("doctor", *place)
        assert examined.exit_code == 1
        assert "FAIL: vectors: the aliases" in examined.stdout
    assert run("ask", "tea", *place).exit_code == 0
    assert run("doctor", *place).exit_code == 0


def test_a_roll_back_answers_from_files_again(place: list[str], lite: str) -> None:
    assert run("build", *place).exit_code == 0
    assert Milvus(MilvusAddress(lite)).behind("footnote_passages")
    assert run("rollback", *place).exit_code == 0
    assert Milvus(MilvusAddress(lite)).behind("footnote_passages") is None
    answer = run("ask", "At how many degrees is green tea brewed?", *place, "--no-build")
    assert "brewed at 80" in answer.stdout


def test_one_that_does_not_answer_ends_the_start_with_one_sentence(
    place: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pymilvus", reason="needs `pip install '.[milvus]'`")
    monkeypatch.setenv("FOOTNOTE_MILVUS_URI", "http://127.0.0.1:1")
    for command in (["build"], ["ask", "tea"]):
        refused = run(*command, *place)
        assert refused.exit_code != 0
        assert "Milvus at http://127.0.0.1:1 does not answer" in " ".join(refused.output.split())
    examined = run("doctor", *place)
    assert "FAIL: vectors: Milvus at http://127.0.0.1:1 does not answer" in examined.stdout


def test_without_the_setting_pymilvus_is_not_imported(place: list[str]) -> None:
    program = (
        "import sys; from bot.commands import app\n"
        "try: app(sys.argv[1:])\n"
        "finally: assert 'index.term_store' in sys.modules and not {'pymilvus', 'grpc'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", program, "ask", "How is tea stored?", *place]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "dark tin" in done.stdout


def test_a_rebuild_beside_the_bot_is_told_where_milvus_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_MILVUS_URI", "http://milvus:19530")
    monkeypatch.setenv("FOOTNOTE_MILVUS_TOKEN", "someone:secret")
    monkeypatch.setenv("FOOTNOTE_MILVUS_LEAVE", "yes")
    environment = rebuild_environment(read_settings())
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert read_settings() == find_place(None, None).settings
    store = find_place(None, None).store
    assert store is not None
    assert store.keeps_in is None
    assert environment["FOOTNOTE_MILVUS_TOKEN"] == "someone:secret"
