"""Nearest neighbours are those that NumPy finds, and never one that is not there."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from index import compressed_vectors
from index.articles import read_collection
from index.compressed_vectors import CompressedVectors, rows_path, write_compressed
from index.disk_array import DiskArray
from index.encoder import Encoder
from index.encoding import unit_rows
from index.errors import DamagedGenerationError
from index.exact_vectors import ExactVectors, write_exact
from index.questions import read_questions
from index.segment import segment
from index.vector_rows import VectorRows
from index.vectors import VectorIndex, VectorLayout, flat_index, measured_recall, notice_of, stand_ins
from tests.index.full_disks import DEVICE, needs_device, needs_limits, room_for


def unit(count: int, seed: int, dimensions: int = 8) -> NDArray[np.float32]:
    """Return random rows of unit length, in numbers of sixteen bits, as a build rounds them."""
    rows = unit_rows(np.random.default_rng(seed).normal(size=(count, dimensions)).astype(np.float32))
    return rows.astype(np.float16).astype(np.float32)


def stored(path: Path, vectors: NDArray[np.float32]) -> VectorIndex:
    """Return the index of `vectors`, written and read back."""
    VectorIndex.write(path / "vectors.faiss", vectors)
    return VectorIndex.open(path / "vectors.faiss")


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 40), st.integers(1, 4), st.integers(-1, 50), st.integers(0, 1000))
def test_the_neighbours_are_those_of_brute_force(
    tmp_path: Path, count: int, questions: int, k: int, seed: int
) -> None:
    vectors, wanted = unit(count, seed), unit(questions, seed + 1)
    found = stored(tmp_path, vectors).search(wanted, k)
    products = wanted @ vectors.T
    expected = np.argsort(-products, axis=1, kind="stable")[:, : max(0, k)]
    assert found.rows.shape == found.cosines.shape == expected.shape
    np.testing.assert_array_equal(found.rows, expected)
    np.testing.assert_allclose(
        found.cosines, np.take_along_axis(products, expected, axis=1).reshape(expected.shape), atol=1e-6
    )


def test_vectors_come_back_as_they_were_in_the_order_asked(tmp_path: Path) -> None:
    vectors = unit(9, 3)
    index = stored(tmp_path, vectors)
    assert (index.count, index.dimensions) == (9, 8)
    rows = np.array([4, 0, 4])
    np.testing.assert_array_equal(index.vectors(rows), vectors[rows])
    np.testing.assert_allclose(index.cosines(vectors[4], rows), vectors[rows] @ vectors[4], atol=1e-6)


class Threads:
    """An index that notes how many threads FAISS may take while it is searched."""

    def __init__(self, index: Any) -> None:
        self._index = index
        self.seen: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._index, name)

    def search(self, vectors: NDArray[np.float32], k: int) -> Any:
        self.seen.append(faiss.omp_get_max_threads())
        return self._index.search(vectors, k)


def test_a_search_keeps_to_its_own_thread_and_leaves_faiss_as_it_was(tmp_path: Path) -> None:
    vectors = unit(9, 3)
    VectorIndex.write(tmp_path / "vectors.faiss", vectors)
    threads = Threads(faiss.read_index(str(tmp_path / "vectors.faiss")))
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(3)
    try:
        rows, _ = ExactVectors(threads).search(vectors[:2], 1)
        assert (rows.tolist(), threads.seen) == ([[0], [1]], [1])
        assert faiss.omp_get_max_threads() == 3
    finally:
        faiss.omp_set_num_threads(before)


def test_a_row_that_is_not_there_is_an_error_and_not_the_last(tmp_path: Path) -> None:
    index = stored(tmp_path, unit(3, 1))
    for row in (-1, 3):
        with pytest.raises(IndexError):
            index.vectors(np.array([row]))


def test_a_vector_that_is_none_is_not_found_and_hides_no_other(tmp_path: Path) -> None:
    """A generation of before may have one: no cosine with it is greater than any number."""
    vectors = unit(5, 1)
    vectors[2] = np.nan
    index = stored(tmp_path, vectors)
    questions = unit(3, 2)
    found = index.search(questions, 5)
    assert [sorted(line) for line in found.rows.tolist()] == [[0, 1, 3, 4]] * 3
    np.testing.assert_allclose(
        found.cosines,
        [vectors[rows] @ each for rows, each in zip(found.rows, questions, strict=True)],
        atol=1e-6,
    )
    assert index.search(questions, 4).rows.shape == (3, 4)


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    index = stored(tmp_path, np.empty((0, 8), np.float32))
    assert index.search(unit(2, 1), 5).rows.shape == (2, 0)
    assert index.vectors(np.empty(0, np.int64)).shape == (0, 8)


@pytest.mark.parametrize("content", [None, b"", b"not an index"])
def test_what_is_no_index_names_the_remedy(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "vectors.faiss"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DamagedGenerationError, match="footnote build"):
        VectorIndex.open(path)


def test_an_index_of_another_kind_is_refused(tmp_path: Path) -> None:
    faiss.write_index(faiss.IndexFlatL2(8), str(tmp_path / "other.faiss"))
    with pytest.raises(DamagedGenerationError, match="IndexFlatL2"):
        VectorIndex.open(tmp_path / "other.faiss")


@needs_limits
@pytest.mark.parametrize("part", [0.0, 0.5, 0.99, 1.0])
@pytest.mark.parametrize("write", [write_exact, write_compressed])
def test_vectors_for_which_there_is_no_room_are_an_error_and_not_a_shorter_file(
    tmp_path: Path, write: Callable[[Path, NDArray[np.float32]], None], part: float
) -> None:
    """Also where it is the last byte that has none."""
    vectors = clustered(5000, 3)
    write(tmp_path / "whole.faiss", vectors)
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    with room_for(round(part * (min(sizes) - 1))), pytest.raises(OSError, match="File too large"):
        write(tmp_path / "cut.faiss", vectors)


@needs_limits
def test_codes_for_which_there_is_no_room_any_more_are_an_error(tmp_path: Path) -> None:
    path = written(tmp_path, clustered(5000, 3))
    codes = CompressedVectors.open(path)
    with room_for(path.stat().st_size - 1), pytest.raises(OSError, match="File too large"):
        codes.rewrite(path)


@needs_device
def test_a_disk_without_space_is_told_from_another_failure(tmp_path: Path) -> None:
    (tmp_path / "full.faiss").symlink_to(DEVICE)
    with pytest.raises(OSError, match="No space left") as caught:
        write_exact(tmp_path / "full.faiss", unit(5, 1))
    assert caught.value.errno == errno.ENOSPC


def test_a_plain_index_searches_as_faiss_does() -> None:
    vectors = unit(5, 2)
    cosines, rows = flat_index(vectors).search(vectors[2:3], 1)
    assert rows.tolist() == [[2]]
    assert cosines[0, 0] == pytest.approx(vectors[2] @ vectors[2])


def clustered(count: int, seed: int, dimensions: int = 32) -> NDArray[np.float32]:
    """Return rows of unit length that lie about as texts on forty subjects do."""
    random = np.random.default_rng(seed)
    subjects = unit(40, 1, dimensions)[random.integers(0, 40, count)]
    return unit_rows(subjects + 0.6 * unit(count, seed, dimensions))


def close(count: int, seed: int) -> NDArray[np.float32]:
    """Return rows of unit length that lie close together on thirty-two subjects: easy to find by codes."""
    random = np.random.default_rng(seed)
    return unit_rows(unit(32, 1, 32)[random.integers(0, 32, count)] + 0.2 * unit(count, seed, 32))


def written(folder: Path, vectors: NDArray[np.float32]) -> Path:
    """Write vectors in the layout for many and return the path of their codes."""
    path = folder / "vectors.faiss"
    write_compressed(path, vectors)
    return path


def compressed(folder: Path, vectors: NDArray[np.float32]) -> VectorIndex:
    """Return the index of `vectors` in the layout for many, written and read back."""
    return VectorIndex.open(written(folder, vectors))


@pytest.mark.parametrize("write", [write_exact, write_compressed])
def test_a_search_that_was_begun_ends_with_what_a_whole_one_finds(
    tmp_path: Path, write: Callable[[Path, NDArray[np.float32]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = close(3000, 10)
    write(tmp_path / "vectors.faiss", vectors)
    index = VectorIndex.open(tmp_path / "vectors.faiss")
    expected = index.search(vectors[:2], 5)
    reads: list[int] = []
    really = DiskArray.__getitem__

    def counted(rows: DiskArray, wanted: Any) -> NDArray[Any]:
        reads.append(len(wanted))
        return really(rows, wanted)

    monkeypatch.setattr(DiskArray, "__getitem__", counted)
    begun = index.begin_search(vectors[:2], 5)
    assert reads == [], "nothing is read from the disk before the search is to end"
    found = begun()
    assert bool(reads) == (write is write_compressed)
    np.testing.assert_array_equal(found.rows, expected.rows, strict=True)
    np.testing.assert_array_equal(found.cosines, expected.cosines, strict=True)
    assert index.begin_search(vectors[:2], 0)().rows.shape == (2, 0)


def test_many_vectors_are_compressed_where_that_finds_what_an_exact_search_finds(tmp_path: Path) -> None:
    path = tmp_path / "vectors.faiss"
    layout = VectorIndex.write(path, close(3000, 10), exact_up_to=10)
    assert layout.name == "compressed"
    assert layout.recall_at_10 is not None
    assert layout.recall_at_10 >= 0.97
    assert rows_path(path).exists()


def test_where_few_lists_find_too_little_more_are_looked_into_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compressed_vectors, "_CODES_LOOKED_AT", 1)
    vectors = clustered(6000, 11, 16)
    narrow = measured_recall(compressed(tmp_path, vectors), vectors)
    assert narrow < 0.97
    path = tmp_path / "wide.faiss"
    layout = VectorIndex.write(path, vectors, exact_up_to=10)
    assert layout.name == "compressed"
    assert layout.recall_at_10 is not None
    assert layout.recall_at_10 >= 0.97
    assert measured_recall(VectorIndex.open(path), vectors) == layout.recall_at_10


def test_of_fewer_than_can_be_read_in_a_moment_every_code_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = clustered(3000, 12)
    for folder, at_once, is_part in (("all", 3000, False), ("part", 2000, True)):
        monkeypatch.setattr(compressed_vectors, "_CODES_LOOKED_AT", at_once)
        (tmp_path / folder).mkdir()
        path = written(tmp_path / folder, vectors)
        assert CompressedVectors.open(path).widen() == is_part


def test_fewer_are_laid_out_exactly_and_nothing_is_measured(tmp_path: Path) -> None:
    path = tmp_path / "vectors.faiss"
    assert VectorIndex.write(path, clustered(10, 10), exact_up_to=10) == VectorLayout("exact", None)
    assert not rows_path(path).exists()


def test_compressed_vectors_are_found_with_their_exact_cosines(tmp_path: Path) -> None:
    """Questions that were never stored find what NumPy finds; cosines differ by float16's rounding."""
    vectors, questions = clustered(6000, 2), clustered(50, 3)
    found = compressed(tmp_path, vectors).search(questions, 10)
    products = questions @ vectors.T
    np.testing.assert_allclose(found.cosines, np.take_along_axis(products, found.rows, axis=1), atol=1e-3)
    assert (np.diff(found.cosines, axis=1) <= 0).all()
    assert all(len(set(line)) == 10 for line in found.rows.tolist())
    tenth = np.sort(products, axis=1)[:, -10]
    assert np.mean(found.cosines >= tenth[:, None] - 1e-3) >= 0.97


def test_compressed_vectors_come_back_rounded_in_the_order_asked(tmp_path: Path) -> None:
    vectors = clustered(3000, 4)
    index = compressed(tmp_path, vectors)
    assert (index.count, index.dimensions) == (3000, 32)
    rows = np.array([7, 2999, 0, 1, 2, 7])
    np.testing.assert_array_equal(index.vectors(rows), vectors[rows].astype(np.float16))
    np.testing.assert_allclose(index.cosines(vectors[7], rows), vectors[rows] @ vectors[7], atol=1e-3)
    assert index.vectors(np.empty(0, np.int64)).shape == (0, 32)
    for row in (-1, 3000):
        with pytest.raises(IndexError):
            index.vectors(np.array([row]))


def test_rows_of_a_build_are_rounded_before_any_layout_has_them(tmp_path: Path) -> None:
    vectors = unit_rows(np.random.default_rng(12).normal(size=(40, 32)).astype(np.float32))
    rounded = vectors.astype(np.float16).astype(np.float32)
    assert (vectors != rounded).any()
    with VectorRows(tmp_path / "rows", 32) as rows:
        rows.append(vectors[:30])
        rows.append(vectors[30:])
        np.testing.assert_array_equal(rows.all(), rounded)
        np.testing.assert_array_equal(rows.row(35), rounded[35])
    for number, each in enumerate((vectors, rounded)):
        (tmp_path / str(number)).mkdir()
        kept = stored(tmp_path / str(number), each).vectors(np.arange(40))
        np.testing.assert_array_equal(kept, rounded)


def test_rows_of_a_build_are_written_from_their_file_and_taken_over_without_loss(tmp_path: Path) -> None:
    """What was rounded once is not rounded again."""
    vectors = clustered(3000, 11)
    with VectorRows(tmp_path / "rows", 32) as rows:
        rows.append(vectors)
        first = compressed(tmp_path, rows.all()).vectors(np.arange(3000))
    (tmp_path / "again").mkdir()
    again = compressed(tmp_path / "again", first).vectors(np.arange(3000))
    np.testing.assert_array_equal(first, vectors.astype(np.float16))
    np.testing.assert_array_equal(again, first)


def test_asking_for_all_gives_no_row_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some lists are not looked into: fewer rows, and never FAISS's -1."""
    monkeypatch.setattr(compressed_vectors, "_CODES_LOOKED_AT", 1)
    found = compressed(tmp_path, clustered(3000, 5)).search(clustered(3, 6), 5000)
    assert found.rows.shape == found.cosines.shape
    assert 0 < found.rows.shape[1] <= 3000
    assert found.rows.min() >= 0
    assert found.rows.max() < 3000


def test_copies_of_one_text_are_one_neighbour_as_near_as_another(tmp_path: Path) -> None:
    vectors = np.repeat(close(60, 7), 50, axis=0)
    assert measured_recall(compressed(tmp_path, vectors), vectors) >= 0.97


def test_vectors_that_codes_do_not_tell_apart_are_laid_out_exactly_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of vectors in no order at all many have codes as near as those of the nearest."""
    monkeypatch.setattr(compressed_vectors, "_LOOKED_AT", 20)
    monkeypatch.setattr(compressed_vectors, "_LOOKED_AT_A_NEIGHBOUR", 2)
    path = tmp_path / "vectors.faiss"
    vectors = unit(3000, 8, 64)
    layout = VectorIndex.write(path, vectors, exact_up_to=10)
    assert layout.name == "exact"
    assert layout.recall_at_10 is not None
    assert layout.recall_at_10 < 0.97
    notice = notice_of(layout)
    assert notice is not None
    assert f"{layout.recall_at_10:.3f}" in notice
    assert not rows_path(path).exists()
    assert VectorIndex.open(path).search(vectors[5:6], 1).rows.tolist() == [[5]]


def test_few_vectors_and_good_codes_are_not_spoken_of() -> None:
    assert notice_of(VectorLayout("exact", None)) is None
    assert notice_of(VectorLayout("compressed", 0.98)) is None


def test_stand_ins_for_questions_lie_more_as_those_than_what_is_between_two_texts(
    tmp_path: Path, encoder: Encoder
) -> None:
    training = Path(__file__).parents[1] / "benchmarks" / "training"
    asked = [each for each in read_questions(training / "questions.jsonl") if each.spans][:120]
    for name in {span.article_id for each in asked for span in each.spans}:
        shutil.copy(training / "articles" / f"{name}.md", tmp_path)
    sentences = [
        span.of(article.text)
        for article in read_collection(tmp_path).articles
        for passage in segment(article)
        for span in passage.sentences
    ]
    vectors = encoder.encode_passages(sentences)
    questions = encoder.encode_questions([each.text for each in asked])
    between_two = unit_rows(vectors + np.roll(vectors, len(vectors) // 2, axis=0))
    of_questions, of_two, of_stand_ins = (
        float((each @ vectors.T).max(axis=1).mean()) for each in (questions, between_two, stand_ins(vectors))
    )
    assert of_questions < of_stand_ins < of_two


def test_an_exact_index_finds_all_of_its_ten_nearest(tmp_path: Path) -> None:
    vectors = unit(500, 9)
    assert measured_recall(stored(tmp_path, vectors), vectors) == 1


def test_damaged_compressed_vectors_name_the_remedy(tmp_path: Path) -> None:
    compressed(tmp_path, clustered(3000, 10))
    path = tmp_path / "vectors.faiss"
    rows = rows_path(path).read_bytes()
    np.save(rows_path(path), np.zeros((2, 32), np.float16))
    with pytest.raises(DamagedGenerationError, match=r"shape \(2, 32\).*footnote build"):
        VectorIndex.open(path)
    rows_path(path).write_bytes(rows[:-1])
    with pytest.raises(DamagedGenerationError, match="footnote build"):
        VectorIndex.open(path)
    rows_path(path).write_bytes(rows)
    path.unlink()
    with pytest.raises(DamagedGenerationError, match="footnote build"):
        VectorIndex.open(path)
