"""A generation that takes over what did not change says the same as one that was made from nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from index import articles as reading
from index import generation_writer, layout
from index.article_files import ArticleFile
from index.builder import build_index
from index.encoder import Encoder
from index.generation import IndexFolder, OpenGeneration
from index.lexical import LexicalIndex
from index.types import Article
from index.vectors import VectorIndex
from tests.index.nearly_the_same import expect_nearly_the_same

TEXTS = {
    "bread": "# Bread\n\nBread is baked from flour and water. Some bakers add salt.\n",
    "coffee": "---\ntitle: Coffee\nlanguage: en\n---\nCoffee keeps for two weeks.\n\nThen it is stale.\n",
    "donau": "---\nlanguage: de\n---\nDie Donau fließt durch zehn Länder. Sie mündet ins Schwarze Meer.\n",
    "latin": "Caf\xe9 au lait is coffee with hot milk.\n",
    "rivers": "# Rivers\n\nThe Danube flows through ten countries. It ends in the Black Sea.\n",
    "tea": "# Tea\n\nTea keeps for two years. Coffee keeps for two weeks.\n\n```python\nboil()\n```\n",
}


def write(folder: Path, name: str, text: str) -> None:
    encoding = "latin-1" if name == "latin" else "utf-8"
    (folder / f"{name}.md").write_text(text, encoding=encoding)


def change(name: str, *, to: str) -> Callable[[Path], None]:
    return lambda folder: write(folder, name, to)


def remove(*names: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        for name in names:
            (folder / f"{name}.md").unlink()

    return edit


def rename(name: str, to: str) -> Callable[[Path], None]:
    return lambda folder: (folder / f"{name}.md").rename(folder / f"{to}.md") and None


EDITS = {
    "the first changed": change("bread", to="# Bread\n\nBread is older than writing.\n"),
    "one in the middle changed": change("donau", to="The Danube is called Donau in German.\n"),
    "the last changed": change("tea", to="# Tea\n\nTea is a plant.\n\nIt grows in China.\n"),
    "one added first": change("apples", to="Apples keep for a month in the cold.\n"),
    "one added in the middle": change("cheese", to="Fromage is French for cheese.\n\nBread goes with it.\n"),
    "two removed": remove("bread", "latin"),
    "the only German one removed": remove("donau"),
    "one renamed": rename("coffee", to="zz"),
    "one that cannot be read": change("rivers", to=""),
}


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    """Return a folder of articles in two languages and two encodings."""
    folder = tmp_path / "articles"
    folder.mkdir()
    for name, text in TEXTS.items():
        write(folder, name, text)
    return folder


def texts_of(generation: OpenGeneration) -> list[str]:
    with closing(sqlite3.connect(generation.path / layout.TEXTS)) as connection:
        return list(connection.iterdump())


def vectors_of(generation: OpenGeneration, name: str) -> np.ndarray:
    index = VectorIndex.open(generation.path / name)
    return index.vectors(np.arange(index.count))


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_what_is_taken_over_is_what_would_have_been_made(
    articles: Path,
    tmp_path: Path,
    encoder: Encoder,
    monkeypatch: pytest.MonkeyPatch,
    edit: Callable[[Path], None],
) -> None:
    folder = IndexFolder(tmp_path / "index")
    build_index(articles, folder, encoder)
    edit(articles)
    cut: list[str] = []
    real = generation_writer.segment

    def listening(article: object, limits: object) -> object:
        cut.append(article.article_id)  # type: ignore[attr-defined]
        return real(article, limits)  # type: ignore[arg-type]

    monkeypatch.setattr(generation_writer, "segment", listening)
    report = build_index(articles, folder, encoder)
    again = len(cut)
    assert again == report.articles_added + report.articles_changed, "only what is new is cut"
    other = IndexFolder(tmp_path / "other")
    fresh = build_index(articles, other, encoder)
    assert len(cut) == again + fresh.articles, "from nothing, everything is cut"
    assert (report.articles, report.passages, report.sentences, report.skipped, report.notices) == (
        fresh.articles,
        fresh.passages,
        fresh.sentences,
        fresh.skipped,
        fresh.notices,
    )
    found, expected = folder.current(), other.current()
    assert found.manifest.corpus_fingerprint == expected.manifest.corpus_fingerprint
    assert found.manifest.languages == expected.manifest.languages
    assert texts_of(found) == texts_of(expected)
    assert (found.path / layout.WORDS).read_text() == (expected.path / layout.WORDS).read_text()
    for path in (expected.path / layout.TERMS).iterdir():
        assert (found.path / layout.TERMS / path.name).read_bytes() == path.read_bytes(), path.name
    for name in (layout.PASSAGE_VECTORS, layout.SENTENCE_VECTORS):
        expect_nearly_the_same(vectors_of(found, name), vectors_of(expected, name))
    words = [LexicalIndex.open(each.path / layout.LEXICAL) for each in (found, expected)]
    for term in ("bread", "coffe", "keep", "danub", "donau"):
        first, second = (each.search([term], [], 9).tolist() for each in words)
        assert first == second


Reading = Callable[[ArticleFile, bytes], tuple[Article, list[str]]]


@pytest.fixture
def built_by_another(
    articles: Path, tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Reading], IndexFolder]:
    """Return what makes an index of the articles as another program would that reads them so."""

    def build(reads: Reading) -> IndexFolder:
        folder = IndexFolder(tmp_path / "index")
        with monkeypatch.context() as patch:
            patch.setattr(generation_writer, "recipe", lambda: "another one")
            patch.setattr(reading, "read_article", reads)
            build_index(articles, folder, encoder)
        return folder

    return build


@pytest.fixture
def by_another(built_by_another: Callable[[Reading], IndexFolder]) -> IndexFolder:
    """Return an index of the articles that another program made, which reads them as this one does."""
    return built_by_another(reading.read_article)


@pytest.fixture
def read_as_text(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the ids of the articles that are read as text from now on."""
    read: list[str] = []
    real = reading.read_article

    def noted(file: ArticleFile, data: bytes) -> tuple[Article, list[str]]:
        read.append(file.article_id)
        return real(file, data)

    monkeypatch.setattr(reading, "read_article", noted)
    return read


def test_what_another_program_made_of_the_same_articles_is_compared_once(
    articles: Path, by_another: IndexFolder, encoder: Encoder, read_as_text: list[str]
) -> None:
    first = build_index(articles, by_another, encoder)
    assert not first.switched
    assert len(read_as_text) == first.articles == 6
    again = build_index(articles, by_another, encoder)
    assert replace(again, elapsed_seconds=0) == replace(first, elapsed_seconds=0)
    assert len(read_as_text) == 6, "the second time their bytes say that they are the same"
    read_as_text.clear()
    (articles / "tea.md").write_text("Tea is kept in a tin.", encoding="utf-8")
    assert build_index(articles, by_another, encoder).switched
    assert set(read_as_text) == set(TEXTS), "none is taken over from another program"


def test_other_bytes_that_say_the_same_are_read_each_time(
    articles: Path, by_another: IndexFolder, encoder: Encoder, read_as_text: list[str]
) -> None:
    (articles / "latin.md").write_text(TEXTS["latin"], encoding="utf-8")
    for times in (1, 2):
        assert not build_index(articles, by_another, encoder).switched
        assert len(read_as_text) == 6 * times


def test_what_a_third_program_noted_counts_for_nothing(
    articles: Path, by_another: IndexFolder, encoder: Encoder, read_as_text: list[str]
) -> None:
    (by_another.current().path / layout.READ_ALIKE).write_text("a third one", encoding="utf-8")
    assert not build_index(articles, by_another, encoder).switched
    assert len(read_as_text) == 6


def test_an_index_whose_articles_this_program_reads_otherwise_is_made_anew(
    articles: Path, built_by_another: Callable[[Reading], IndexFolder], encoder: Encoder
) -> None:
    real = reading.read_article
    folder = built_by_another(lambda *given: (replace(real(*given)[0], title="All the same"), []))
    old = folder.current()
    assert build_index(articles, folder, encoder).switched
    assert not (old.path / layout.READ_ALIKE).exists()


def test_what_this_program_notices_of_the_same_articles_is_said_each_time(
    articles: Path, built_by_another: Callable[[Reading], IndexFolder], encoder: Encoder
) -> None:
    real = reading.read_article
    folder = built_by_another(lambda *given: (real(*given)[0], ["is what it is"]))
    for _ in range(2):
        notices = build_index(articles, folder, encoder).notices
        assert {notice.path for notice in notices} == {"donau.md", "latin.md"}
        assert all("is what it is" not in notice.reason for notice in notices)


def test_an_index_that_cannot_be_noted_in_is_compared_each_time(
    articles: Path, by_another: IndexFolder, encoder: Encoder, read_as_text: list[str]
) -> None:
    (by_another.current().path / layout.READ_ALIKE).mkdir()
    for times in (1, 2):
        assert not build_index(articles, by_another, encoder).switched
        assert len(read_as_text) == 6 * times


def test_an_article_that_another_program_wrote_is_read_again(
    articles: Path, by_another: IndexFolder, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        assert not build_index(articles, by_another, encoder).switched, "no article has changed"
    (articles / "tea.md").unlink()
    cut: list[str] = []
    real = generation_writer.segment
    monkeypatch.setattr(
        generation_writer,
        "segment",
        lambda article, limits: cut.append(article.article_id) or real(article, limits),  # type: ignore[func-returns-value]
    )
    report = build_index(articles, by_another, encoder)
    assert len(cut) == report.articles == 5
    assert report.passages_reused == report.passages, "vectors go by texts and not by programs"
