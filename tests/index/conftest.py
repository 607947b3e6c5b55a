"""The real models, loaded once: they come with the packages that Footnote installs; and crashes."""

from __future__ import annotations

import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from index.cross_encoder import CrossEncoder, load_cross_encoder_by_setting
from index.encoder import Encoder
from index.generation import IndexFolder
from tests.index.own_models import bert_with_prompts


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """Return the default encoder."""
    return Encoder.load()


@pytest.fixture(scope="session")
def cross_encoder() -> CrossEncoder:
    """Return the default cross-encoder."""
    loaded = load_cross_encoder_by_setting()
    assert loaded is not None
    return loaded


@pytest.fixture(scope="module")
def own_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a small encoder that brings prompts along."""
    folder = tmp_path_factory.mktemp("models") / "own"
    bert_with_prompts(folder)
    return folder


@pytest.fixture
def index_folder(tmp_path: Path) -> IndexFolder:
    """Return an index folder in which nothing was built."""
    return IndexFolder(tmp_path / "index")


@pytest.fixture
def crash() -> Iterator[Callable[..., int]]:
    """Does something to an index folder in a process that dies at a given point.

    Takes the way to die, where, the folder, and what to do there unless it is a build, all as
    `crashing_builds.py` says; returns the signal that killed it.
    """
    script = Path(__file__).with_name("crashing_builds.py")
    environment = runpy.run_path(str(script))["environment"]()
    command = [sys.executable, str(script)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=environment
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        answers, orders = process.stdout, process.stdin

        def run(way: str, number: int, path: Path, action: str = "build") -> int:
            orders.write(f"{action} {way} {number} {path}\n")
            orders.flush()
            return int(answers.readline())

        yield run
