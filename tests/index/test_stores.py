"""Whatever keeps the vectors and words: the same neighbours, the same rows, the same Answer to the letter."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from index import layout, milvus_vectors
from index.analysis import Terms
from index.builder import build_index
from index.cross_encoder import CrossEncoder
from index.encoder import Encoder
from index.generation import IndexFolder
from index.lexical import LexicalWriter
from index.milvus import Milvus
from index.milvus_connection import MilvusAddress
from index.milvus_store import MilvusStore
from index.milvus_vectors import MilvusVectors, MilvusWords, write_vectors, write_words
from index.retriever import Retriever
from index.stores import Vectors, Words, open_words
from index.term_hashes import hashed_terms
from index.term_store import TermStore
from index.term_writer import TermWriter
from index.types import Answer
from index.vectors import VectorIndex
from tests.index.test_retriever import ARTICLES

DIMENSIONS = 8
WORDS = ["a", "b", "c", "dd", "eee", "你好"]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> MilvusAddress:
    """Return where a Milvus Lite is."""
    for package in ("pymilvus", "milvus_lite"):
        pytest.importorskip(package, reason="needs `pip install '.[milvus]' milvus-lite`")
    return MilvusAddress(str(tmp_path_factory.mktemp("milvus") / "lite.db"), deadline_seconds=30)


@pytest.fixture(scope="module", params=["files", "milvus"])
def engine(request: pytest.FixtureRequest) -> Milvus | None:
    """Return what keeps the vectors: None for files."""
    return Milvus(request.getfixturevalue("address")) if request.param == "milvus" else None


@pytest.fixture(scope="module")
def kept(
    engine: Milvus | None, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[NDArray[np.float32]], Vectors]:
    """Return what keeps vectors and opens them again."""
    folder, number = tmp_path_factory.mktemp("vectors"), iter(range(1000))

    def keep(vectors: NDArray[np.float32]) -> Vectors:
        if engine is None:
            VectorIndex.write(path := folder / str(next(number)), vectors)
            return VectorIndex.open(path)
        name, (count, dimensions) = f"v{next(number)}", vectors.shape
        write_vectors(engine, name, iter([vectors[:3], vectors[3:]]), count, dimensions)
        return MilvusVectors(engine, name, count, dimensions, vectors_kept=5)

    return keep


@pytest.fixture(scope="module")
def words_of(
    engine: Milvus | None, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[list[list[str]]], tuple[Words, TermStore]]:
    """Return what keeps passages, each of its terms alone, and opens them for finding and for weighing."""
    root, number = tmp_path_factory.mktemp("words"), iter(range(1000))

    def keep(passages: list[list[str]]) -> tuple[Words, TermStore]:
        folder = root / str(next(number))
        folder.mkdir()
        writer = TermWriter(folder)
        for terms in passages:
            writer.add([Terms(tuple(terms), tuple(terms[:2]))], Terms((), ()), "en")
        writer.finish(["en"])
        store = TermStore.open(folder)
        if engine is None:
            write_words_to(folder, [(terms, terms[:2]) for terms in passages])
            return open_words(folder), store
        write_words(engine, f"w{folder.name}", store)
        return MilvusWords(engine, f"w{folder.name}", len(passages)), store

    return keep


def write_words_to(folder: Path, passages: list[tuple[list[str], list[str]]]) -> None:
    """Write the files of words of a generation's folder: the stems and grams of each passage."""
    (folder / layout.LEXICAL).mkdir()
    writer = LexicalWriter(folder / layout.LEXICAL)
    for stems, grams in passages:
        writer.add(hashed_terms(stems), hashed_terms(grams))
    writer.finish()


def unit(count: int, seed: int) -> NDArray[np.float32]:
    """Return random rows of unit length, rounded as a build rounds them, every third a copy of the first."""
    rows = np.random.default_rng(seed).normal(size=(count, DIMENSIONS)).astype(np.float32)
    rows[::3] = rows[:1]
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return rows.astype(np.float16).astype(np.float32)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(0, 40), k=st.integers(-1, 50), seed=st.integers(0, 1000))
def test_the_neighbours_are_those_of_brute_force(
    kept: Callable[[NDArray[np.float32]], Vectors], count: int, k: int, seed: int
) -> None:
    vectors, wanted = unit(count, seed), unit(2, seed + 1)
    index = kept(vectors)
    found = index.search(wanted, k)
    expected = np.sort(wanted @ vectors.T, axis=1)[:, ::-1][:, : max(0, k)]
    assert (index.count, index.dimensions) == (count, DIMENSIONS)
    assert found.rows.shape == found.cosines.shape == expected.shape
    np.testing.assert_allclose(found.cosines, expected, atol=1e-6)
    for line in found.rows.tolist():
        assert len(set(line)) == len(line)


def test_vectors_come_back_bit_by_bit_in_the_order_asked(
    kept: Callable[[NDArray[np.float32]], Vectors],
) -> None:
    vectors = unit(30, 3)
    index = kept(vectors)
    for _ in range(2):
        for rows in ([4, 0, 4], list(range(29, -1, -1)), []):
            some = np.array(rows, np.int64)
            assert (index.vectors(some) == vectors[some]).all()
            assert (index.cosines(vectors[4], some) == vectors[some] @ vectors[4]).all()


def test_a_row_that_is_not_there_is_an_error(kept: Callable[[NDArray[np.float32]], Vectors]) -> None:
    index = kept(unit(3, 1))
    for row in (-1, 3):
        with pytest.raises(IndexError):
            index.vectors(np.array([row]))


def test_very_many_vectors_are_found_through_a_graph(
    address: MilvusAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(milvus_vectors, "EXACT_UP_TO", 100)
    vectors = unit(900, 5)[1:]
    milvus = Milvus(address)
    write_vectors(milvus, "graph", iter([vectors]), *vectors.shape)
    index = MilvusVectors(milvus, "graph", *vectors.shape)
    wanted = unit(20, 6)
    nearest = np.sort(wanted @ vectors.T, axis=1)[:, ::-1][:, :10]
    found = index.search(wanted, 10).cosines
    assert np.isclose(found, nearest, atol=1e-6).mean() > 0.95


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    passages=st.lists(st.lists(st.sampled_from(WORDS), max_size=60), min_size=1, max_size=12),
    question=st.lists(st.sampled_from([*WORDS, "unheard"]), max_size=6),
    limit=st.integers(-1, 15),
)
def test_words_find_the_passages_of_the_highest_bm25(
    words_of: Callable[[list[list[str]]], tuple[Words, TermStore]],
    passages: list[list[str]],
    question: list[str],
    limit: int,
) -> None:
    words, terms = words_of(passages)
    assert words.passage_count == len(passages)
    rows = words.search(question, question, limit)
    scores = terms.bm25(terms.question(Terms(tuple(question), tuple(question))), np.arange(len(passages)))
    best = np.sort(scores[scores > 0])[::-1][: max(0, limit)]
    # In their order up to the engine's rounding, so that some more of them hold the best for certain.
    np.testing.assert_allclose(scores[rows], best, rtol=1e-5)


@pytest.fixture(scope="module")
def retrievers(
    address: MilvusAddress,
    encoder: Encoder,
    cross_encoder: CrossEncoder,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Retriever, Retriever]]:
    """Return one over files and one over Milvus, of articles in three languages with many copies."""
    folder = tmp_path_factory.mktemp("articles")
    for name, text in ARTICLES.items():
        (folder / name).write_text(text, encoding="utf-8")
    for number in range(60):
        copies = "\n\nSource: the press. Read more there.\n\n" * 2
        (folder / f"copy-{number}.md").write_text(f"# Copy {number % 7}{copies}", encoding="utf-8")
    files = IndexFolder(tmp_path_factory.mktemp("files"))
    milvus = IndexFolder(tmp_path_factory.mktemp("index"), MilvusStore(address, vectors_kept=100))
    for index in (files, milvus):
        build_index(folder, index, encoder)
    with (
        Retriever.open(files, encoder, cross_encoder, second_look_ms=60_000) as plain,
        Retriever.open(milvus, encoder, cross_encoder, second_look_ms=60_000) as remote,
    ):
        assert not (milvus.current().path / layout.PASSAGE_VECTORS).exists()
        yield plain, remote


@pytest.mark.parametrize(
    "question",
    [
        "Where does the Rhine rise?",
        "How hot is the oven for sourdough?",
        "Through how many countries does the Danube flow?",
        "Wo entspringt die Donau?",
        "东京大学成立于哪一年？",
        "Where is the source, and where do I read more?",
        "copy 3 press",
        "Who won the chess championship in 1972?",
        "?",
        "",
    ],
)
def test_the_answer_is_the_same_to_the_letter(retrievers: tuple[Retriever, Retriever], question: str) -> None:
    for second_look in (False, True):
        plain, remote = (each.ask(question, second_look=second_look) for each in retrievers)
        assert without_time(plain) == without_time(remote)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000))
def test_the_answer_to_any_words_of_the_articles_is_the_same(
    retrievers: tuple[Retriever, Retriever], seed: int
) -> None:
    words = [*" ".join(ARTICLES.values()).split(), "Source", "press", "copy", "more"]
    question = " ".join(random.Random(seed).choices(words, k=1 + seed % 8))
    plain, remote = (each.ask(question, second_look=False) for each in retrievers)
    assert without_time(plain) == without_time(remote)


def without_time(answer: Answer) -> Answer:
    """Return what an Answer says, without its time and the name of its generation."""
    return replace(answer, elapsed_ms=0.0, generation="")


def test_opened_files_are_those_of_the_folder(tmp_path: Path) -> None:
    """Words are opened from files by one function, whatever keeps the vectors."""
    write_words_to(tmp_path, [(["a"], ["a"])])
    assert open_words(tmp_path).search(["a"], [], 5).tolist() == [0]
