"""What the words of a question say about a passage, against a plain computation."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.analysis import Terms
from index.bm25 import LENGTH_NORMALISATION, SATURATION
from index.term_hashes import hashed_terms
from index.term_store import TermStore
from index.term_writer import TermWriter

WORDS = st.lists(st.sampled_from(["a", "b", "c", "d", "é", "你好"]), max_size=6).map(tuple)
PASSAGES = st.lists(st.tuples(st.lists(WORDS, min_size=1, max_size=4), WORDS), min_size=1, max_size=6)


def same(words: tuple[str, ...]) -> Terms:
    return Terms(words, words)


def stored(
    folder: Path, passages: list[tuple[list[tuple[str, ...]], tuple[str, ...]]], language: str = "en"
) -> TermStore:
    writer = TermWriter(folder)
    for sentences, context in passages:
        writer.add([same(words) for words in sentences], same(context), language)
    writer.finish([language])
    return TermStore.open(folder)


def reference(
    units: list[tuple[str, ...]],
    wanted: list[tuple[str, ...]],
    documents: list[tuple[str, ...]],
    question: set[str],
) -> tuple[list[float], list[float]]:
    """Return BM25 over its bound and the share of weight found, for each of `wanted`."""
    weights = {}
    for term in question:
        having = sum(term in document for document in documents)
        weights[term] = math.log(1 + (len(documents) - having + 0.5) / (having + 0.5))
    total = sum(weights.values())
    mean = sum(map(len, units)) / len(units)
    scores, shares = [], []
    for unit in wanted:
        counts = Counter(unit)
        norm = SATURATION * (1 - LENGTH_NORMALISATION + LENGTH_NORMALISATION * len(unit) / max(mean, 1e-9))
        scores.append(
            sum(w * counts[t] / (counts[t] + norm) for t, w in weights.items() if counts[t]) / total
        )
        shares.append(sum(w for t, w in weights.items() if counts[t]) / total)
    return scores, shares


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PASSAGES, WORDS.filter(bool))
def test_the_evidence_is_that_of_the_formula(
    tmp_path_factory: pytest.TempPathFactory,
    passages: list[tuple[list[tuple[str, ...]], tuple[str, ...]]],
    question: tuple[str, ...],
) -> None:
    store = stored(tmp_path_factory.mktemp("terms"), passages)
    stems, grams = store.evidence(store.question(same(question)), np.arange(len(passages)))
    documents = [sum(sentences, ()) + context for sentences, context in passages]
    flat = [sentence for sentences, _ in passages for sentence in sentences]
    scores, shares = reference(documents, documents, documents, set(question))
    np.testing.assert_allclose(stems.passage_score, scores, atol=1e-9)
    np.testing.assert_allclose(stems.passage_share, shares, atol=1e-9)
    by_sentence, sentence_shares = reference(flat, flat, documents, set(question))
    np.testing.assert_allclose(stems.scores_of_sentences, by_sentence, atol=1e-9)
    first = 0
    for number, (sentences, _) in enumerate(passages):
        own = slice(first, first + len(sentences))
        assert stems.sentence_score[number] == pytest.approx(max(by_sentence[own]))
        assert stems.sentence_share[number] == pytest.approx(max(sentence_shares[own]))
        first += len(sentences)
    np.testing.assert_allclose(grams.passage_score, stems.passage_score)


@given(PASSAGES, WORDS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_all_evidence_lies_between_0_and_1(
    tmp_path_factory: pytest.TempPathFactory,
    passages: list[tuple[list[tuple[str, ...]], tuple[str, ...]]],
    question: tuple[str, ...],
) -> None:
    store = stored(tmp_path_factory.mktemp("terms"), passages)
    for found in store.evidence(store.question(same(question)), np.arange(len(passages))):
        for values in (found.passage_score, found.passage_share, found.sentence_score, found.sentence_share):
            assert values.shape == (len(passages),)
            assert np.all((values >= 0) & (values <= 1 + 1e-9))


def test_candidates_may_come_in_any_order_and_choice(tmp_path: Path) -> None:
    store = stored(tmp_path, [([("a",), ("b",)], ()), ([("c",)], ()), ([("a", "b")], ())])
    whole = store.evidence(store.question(same(("a", "c"))), np.array([0, 1, 2]))[0].passage_score
    some = store.evidence(store.question(same(("a", "c"))), np.array([2, 0]))[0].passage_score
    assert some.tolist() == [whole[2], whole[0]]
    assert store.sentence_rows(np.array([2, 0])).tolist() == [3, 0, 1]


def test_title_and_headings_speak_for_the_passage_and_not_for_its_sentences(tmp_path: Path) -> None:
    store = stored(tmp_path, [([("a",)], ("rogue",)), ([("a",)], ())])
    found, _ = store.evidence(store.question(same(("rogue",))), np.array([0, 1]))
    assert found.passage_share.tolist() == [1.0, 0.0]
    assert found.sentence_share.tolist() == [0.0, 0.0]


def test_a_word_that_stands_nowhere_counts_against_the_share_found(tmp_path: Path) -> None:
    store = stored(tmp_path, [([("a",)], ()), ([("b",)], ())])
    known, _ = store.evidence(store.question(same(("a",))), np.array([0]))
    unknown, _ = store.evidence(store.question(same(("a", "zzz"))), np.array([0]))
    assert known.passage_share[0] == pytest.approx(1)
    assert 0 < unknown.passage_share[0] < 0.5


def test_the_language_of_each_passage_is_kept(tmp_path: Path) -> None:
    writer = TermWriter(tmp_path)
    for language in ("de", "ru", "en"):
        writer.add([same(("a",))], same(()), language)
    writer.finish(["de", "en", "ru"])
    assert TermStore.open(tmp_path).languages.tolist() == [0, 2, 1]


def test_a_store_of_nothing_can_be_opened(tmp_path: Path) -> None:
    store = stored(tmp_path, [])
    assert store.passage_count == 0
    assert store.sentence_rows(np.empty(0, np.int64)).tolist() == []


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    stored(tmp_path, [([("a",)], ())])
    (tmp_path / "grams-offsets.npy").unlink()
    with pytest.raises(FileNotFoundError):
        TermStore.open(tmp_path)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PASSAGES, WORDS, st.data())
def test_terms_are_counted_alike_whatever_was_counted_before(
    tmp_path_factory: pytest.TempPathFactory,
    passages: list[tuple[list[tuple[str, ...]], tuple[str, ...]]],
    question: tuple[str, ...],
    data: st.DataObject,
) -> None:
    store = stored(tmp_path_factory.mktemp("terms"), passages)
    soon = data.draw(st.lists(st.integers(0, len(passages) - 1)))
    asked = store.question(same(question), np.array(soon, np.int64))
    for _ in range(3):
        some = data.draw(st.lists(st.integers(0, len(passages) - 1), unique=True))
        rows = np.array(some, np.int64)
        counts, alone = asked.stems.counts(rows), store.question(same(question)).stems.counts(rows)
        for name in type(counts).__slots__:
            np.testing.assert_array_equal(getattr(counts, name), getattr(alone, name))
        documents = [Counter(sum(passages[row][0], passages[row][1])) for row in some]
        wanted = sorted(set(question), key=lambda word: hashed_terms([word])[0])
        expected = [[document[word] for word in wanted] for document in documents]
        frequency, lengths = counts.of_passages()
        assert frequency.tolist() == expected
        assert lengths.tolist() == [document.total() for document in documents]


def test_large_arrays_say_the_same_from_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passages = [([("a", "b"), ("b",)], ("c",)), ([("c", "a", "a")], ()), ([()], ("b",))]
    in_memory = stored(tmp_path, passages)
    monkeypatch.setattr("index.term_store._MAPPED_BYTES", -1)
    on_disk = TermStore.open(tmp_path)
    rows = np.array([2, 0, 1])
    for ours, theirs in zip(
        in_memory.evidence(in_memory.question(same(("a", "b"))), rows),
        on_disk.evidence(on_disk.question(same(("a", "b"))), rows),
        strict=True,
    ):
        for name in type(ours).__slots__:
            np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    assert [on_disk.stems(row).tolist() for row in range(3)] == [
        in_memory.stems(row).tolist() for row in range(3)
    ]
    scores, same_scores = (each.bm25(each.question(same(("a", "b"))), rows) for each in (in_memory, on_disk))
    np.testing.assert_array_equal(scores, same_scores)
    for ours, theirs in (
        (in_memory.slices("stems", 0, 3), on_disk.slices("stems", 0, 3)),
        (in_memory.weighted_terms(0)[0], on_disk.weighted_terms(0)[0]),
    ):
        for name in type(ours).__slots__:
            np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


@given(st.lists(st.sampled_from("abcdefg")), st.lists(st.sampled_from("abcdefg")))
def test_a_stem_is_known_where_a_passage_has_it(
    tmp_path_factory: pytest.TempPathFactory, words: list[str], asked: list[str]
) -> None:
    store = stored(tmp_path_factory.mktemp("terms"), [([tuple(words)], ())])
    assert store.knows(asked) == set(asked).issubset(words)


def test_the_first_passages_of_a_language_are_found(tmp_path: Path) -> None:
    writer = TermWriter(tmp_path)
    for language in ("de", "fr", "de", "en", "de"):
        writer.add([same(("a",))], same(()), language)
    writer.finish(["de", "en", "fr"])
    store = TermStore.open(tmp_path)
    assert store.rows_of_language(0, 2).tolist() == [0, 2]
    assert store.rows_of_language(3, 2).tolist() == []
