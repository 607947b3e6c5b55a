"""Words find passages: BM25 by tantivy, against a plain computation of the same formula."""

from __future__ import annotations

import errno
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.errors import DamagedGenerationError
from index.lexical import LexicalIndex, LexicalWriter, Stemmer
from index.term_hashes import hashed_terms
from tests.index.full_disks import needs_limits, room_for

TERMS = st.lists(st.sampled_from(["a", "b", "c", "dd", "AND", "(", '"', "field:x", "*", "你好"]), max_size=8)


def made(folder: Path, passages: list[tuple[list[str], list[str]]]) -> LexicalIndex:
    folder.mkdir()
    writer = LexicalWriter(folder)
    for stems, grams in passages:
        writer.add(hashed_terms(stems), hashed_terms(grams))
    writer.finish()
    return LexicalIndex.open(folder)


def bm25(documents: list[list[str]], question: set[str]) -> np.ndarray:
    """Return Lucene's BM25 (k1 1.2, b .75) of each document, by the textbook."""
    mean = sum(map(len, documents)) / len(documents)
    scores = np.zeros(len(documents))
    for number, document in enumerate(documents):
        counts = Counter(document)
        for term in question:
            having = sum(term in other for other in documents)
            idf = math.log(1 + (len(documents) - having + 0.5) / (having + 0.5))
            norm = 1.2 * (1 - 0.75 + 0.75 * len(document) / mean)
            scores[number] += idf * counts[term] * 2.2 / (counts[term] + norm)
    return scores


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TERMS.filter(bool), min_size=1, max_size=8), TERMS)
def test_the_order_is_that_of_the_textbook(
    tmp_path_factory: pytest.TempPathFactory, documents: list[list[str]], question: list[str]
) -> None:
    index = made(tmp_path_factory.mktemp("lexical") / "index", [(document, []) for document in documents])
    rows = index.search(question, [], len(documents))
    expected = bm25(documents, set(question))
    assert sorted(rows.tolist()) == np.flatnonzero(expected > 0).tolist()
    # Equal up to the rounding of lengths, of which tantivy keeps one byte (exact below 40 terms).
    assert np.all(np.diff(expected[rows]) <= 1e-5)


def test_grams_find_what_stems_do_not(tmp_path: Path) -> None:
    index = made(tmp_path / "index", [(["zelle"], ["_zel", "elle"]), (["haus"], ["_hau", "haus"])])
    assert index.search(["zell"], ["elle"], 5).tolist() == [0]


def test_no_terms_find_nothing(tmp_path: Path) -> None:
    index = made(tmp_path / "index", [(["a"], ["a"])])
    assert index.search([], [], 5).tolist() == []
    assert index.search(["zzz"], [], 5).tolist() == []


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_finds_nothing(tmp_path: Path, limit: int) -> None:
    index = made(tmp_path / "index", [(["a"], [])])
    assert index.search(["a"], [], limit).tolist() == []


def test_a_limit_above_the_count_gives_what_there_is(tmp_path: Path) -> None:
    index = made(tmp_path / "index", [(["a"], []), (["a", "b"], [])])
    assert sorted(index.search(["a"], [], 100).tolist()) == [0, 1]


def test_an_empty_index_can_be_written_and_asked(tmp_path: Path) -> None:
    index = made(tmp_path / "index", [])
    assert index.passage_count == 0
    assert index.search(["a"], ["a"], 5).tolist() == []


def test_a_passage_without_terms_keeps_its_row(tmp_path: Path) -> None:
    index = made(tmp_path / "index", [([], []), (["a"], [])])
    assert index.passage_count == 2
    assert index.search(["a"], [], 5).tolist() == [1]


def test_a_folder_without_an_index_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(DamagedGenerationError, match="footnote build"):
        LexicalIndex.open(tmp_path)


def test_stems_come_word_by_word() -> None:
    assert Stemmer("en").stems(["running", "dogs", "6.4"]) == ["run", "dog", "6.4"]
    assert Stemmer("xx").stems(["running"]) == ["running"]
    assert Stemmer("en").stems([]) == []


def test_content_words_are_those_that_are_no_stop_words() -> None:
    assert Stemmer("de").content_words(["der", "hund", "und"]) == ["hund"]
    assert Stemmer("xx").content_words(["the"]) == ["the"]


def test_of_terms_that_stand_in_too_many_passages_the_rarest_are_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A term is left out where those before it have reached the limit; never the first that is anywhere."""
    passages = [(["often", *(["seldom"] if row == 3 else [])], []) for row in range(9)]
    index = made(tmp_path / "index", passages)
    assert len(index.search(["often", "seldom", "never"], [], 9)) == 9
    monkeypatch.setattr("index.lexical._MOST_POSTINGS", 1)
    assert index.search(["often", "seldom", "never"], [], 9).tolist() == [3]
    assert len(index.search(["often", "never"], [], 9)) == 9


@needs_limits
@pytest.mark.parametrize("size", [0, 100, 1000, 20_000])
def test_what_the_disk_refuses_is_told_as_what_it_is(tmp_path: Path, size: int) -> None:
    """At the first file, at one of a few numbers, and at the terms themselves."""
    with room_for(size), pytest.raises(OSError, match="File too large") as caught:
        fill(LexicalWriter(tmp_path), 3000)
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, str(tmp_path))


@needs_limits
def test_what_the_disk_refuses_while_passages_are_added_is_told_as_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that writes ends with the memory it may use, long before anybody commits."""
    monkeypatch.setattr("index.lexical._WRITER_BYTES", 15_000_000)
    writer = LexicalWriter(tmp_path)
    with room_for(1000), pytest.raises(OSError, match="File too large"):
        fill(writer, 19_000)


def fill(writer: LexicalWriter, passages: int) -> None:
    """Write passages of many different terms."""
    random = np.random.default_rng(1)
    terms: Any = random.integers(0, 2**32, (passages, 200), np.uint32)
    for each in terms:
        writer.add(each, each[:10])
    writer.finish()
