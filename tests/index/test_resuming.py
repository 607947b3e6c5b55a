"""What a build had encoded is not encoded again, whatever ended it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import index
from index import layout, vector_filling
from index.builder import BuildProgress, build_index
from index.chosen_encoder import ChosenEncoder
from index.exported_encoder import ExportedEncoder
from index.generation import IndexFolder
from index.vectors import VectorIndex

KILLED = """
import os, signal, sys
from pathlib import Path
from index import vector_filling
from index.builder import build_index
from index.chosen_encoder import ChosenEncoder
from index.generation import IndexFolder

vector_filling._BYTES_AT_ONCE = 200
articles, folder, model = sys.argv[1:]

def on_progress(progress):
    if progress.phase == "embedding" and progress.done >= 10:
        os.kill(os.getpid(), signal.SIGKILL)

build_index(Path(articles), IndexFolder(Path(folder)), ChosenEncoder(model), on_progress=on_progress)
"""


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    """Return a folder of ten articles with forty texts, none like another."""
    folder = tmp_path / "articles"
    folder.mkdir()
    for number in range(10):
        lines = (f"Station {number} has {place} gardens to walk in." for place in ("three", "four", "nine"))
        (folder / f"{number}.md").write_text(f"# Line {number}\n\n{' '.join(lines)}\n")
    return folder


@pytest.fixture
def begun(tmp_path: Path, own_model: Path) -> IndexFolder:
    """Return an index folder with a generation of one article, and with it an exported encoder."""
    folder = tmp_path / "first"
    folder.mkdir()
    (folder / "first.md").write_text("Lines have stations.\n")
    build_index(folder, IndexFolder(tmp_path / "index"), ChosenEncoder(str(own_model)))
    return IndexFolder(tmp_path / "index")


def encoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that every text given to an exported encoder from now on is added to."""
    texts: list[str] = []
    real = ExportedEncoder.encode_passages

    def listening(self: ExportedEncoder, given: Sequence[str], **options: object) -> NDArray[np.float32]:
        texts.extend(given)
        return real(self, given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(ExportedEncoder, "encode_passages", listening)
    return texts


def vectors_of(folder: IndexFolder) -> list[NDArray[np.float32]]:
    path = folder.current().path
    indexes = [VectorIndex.open(path / name) for name in (layout.PASSAGE_VECTORS, layout.SENTENCE_VECTORS)]
    return [each.vectors(np.arange(each.count)) for each in indexes]


def test_a_build_that_was_killed_goes_on_where_it_ended(
    articles: Path, begun: IndexFolder, tmp_path: Path, own_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-c", KILLED, str(articles), str(tmp_path / "index"), str(own_model)]
    environment = {**os.environ, "PYTHONPATH": str(Path(index.__file__).parents[1])}
    killed = subprocess.run(command, env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    serving = begun.current_name()
    # The last block as a loss of power would leave it.
    with begun.journal.open("r+b") as file:
        file.truncate(begun.journal.stat().st_size - 5)
    texts = encoded(monkeypatch)
    report = build_index(articles, begun, ChosenEncoder(str(own_model)))
    assert begun.current_name() == report.generation != serving
    assert 0 < report.vectors_resumed < 40
    assert len(texts) == len(set(texts)) == 40 - report.vectors_resumed
    assert not begun.journal.exists()
    other = IndexFolder(tmp_path / "other")
    build_index(articles, other, ChosenEncoder(str(own_model)))
    for found, expected in zip(vectors_of(begun), vectors_of(other), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_an_interrupt_loses_nothing_that_was_encoded(
    articles: Path, begun: IndexFolder, own_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_filling, "_BYTES_AT_ONCE", 200)
    done = 0

    def interrupt(progress: BuildProgress) -> None:
        nonlocal done
        if progress.phase == "embedding":
            done = progress.done
        if done >= 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_index(articles, begun, ChosenEncoder(str(own_model)), on_progress=interrupt)
    texts = encoded(monkeypatch)
    report = build_index(articles, begun, ChosenEncoder(str(own_model)))
    assert report.vectors_resumed == done
    assert len(texts) == 40 - done


def test_what_an_interrupted_build_of_other_articles_had_encoded_does_no_harm(
    articles: Path, begun: IndexFolder, own_model: Path
) -> None:
    def interrupt(progress: BuildProgress) -> None:
        if progress.phase == "writing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_index(articles, begun, ChosenEncoder(str(own_model)), on_progress=interrupt)
    for path in articles.iterdir():
        path.write_text(f"{path.stem} is now about hills alone.\n")
    report = build_index(articles, begun, ChosenEncoder(str(own_model)))
    assert (report.vectors_resumed, report.passages) == (0, 10)
    assert not begun.journal.exists()


def test_the_vectors_of_a_candidate_are_taken_over(
    articles: Path, begun: IndexFolder, own_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidate = build_index(articles, begun, ChosenEncoder(str(own_model)), switch=False)
    assert begun.candidate_name() == candidate.generation
    (articles / "3.md").unlink()
    texts = encoded(monkeypatch)
    report = build_index(articles, begun, ChosenEncoder(str(own_model)))
    assert report.switched
    assert (report.passages, report.passages_reused) == (9, 9)
    assert texts == []


def test_the_same_text_is_encoded_once(
    begun: IndexFolder, tmp_path: Path, own_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As passage and as sentence, in two articles, and across parts that are encoded one after another."""
    monkeypatch.setattr(vector_filling, "_PASSAGES_AT_ONCE", 1)
    folder = tmp_path / "same"
    folder.mkdir()
    for name in ("one", "two", "three"):
        (folder / f"{name}.md").write_text("Trains run every hour.\n")
    texts = encoded(monkeypatch)
    report = build_index(folder, begun, ChosenEncoder(str(own_model)))
    assert (report.passages, report.sentences) == (3, 3)
    assert texts == ["Trains run every hour."]
    passages, sentences = vectors_of(begun)
    assert len(np.unique(np.concatenate((passages, sentences)), axis=0)) == 1
