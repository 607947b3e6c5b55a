"""Nearest neighbours are those that NumPy finds, and never one that is not there."""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from index.errors import DamagedGenerationError
from index.vectors import VectorIndex, flat_index


def unit(count: int, seed: int, dimensions: int = 8) -> NDArray[np.float32]:
    """Return random rows of unit length."""
    rows = np.random.default_rng(seed).normal(size=(count, dimensions)).astype(np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


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


def test_a_row_that_is_not_there_is_an_error_and_not_the_last(tmp_path: Path) -> None:
    index = stored(tmp_path, unit(3, 1))
    for row in (-1, 3):
        with pytest.raises(IndexError):
            index.vectors(np.array([row]))


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


def test_a_plain_index_searches_as_faiss_does() -> None:
    vectors = unit(5, 2)
    cosines, rows = flat_index(vectors).search(vectors[2:3], 1)
    assert rows.tolist() == [[2]]
    assert cosines[0, 0] == pytest.approx(1)
