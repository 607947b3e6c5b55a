"""The formula of BM25: against the textbook, and lengths as tantivy keeps them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.bm25 import inverse_document_frequency, lengths_in_a_byte, saturated


@given(st.integers(0, 50), st.integers(1, 500), st.floats(1, 500))
def test_a_term_adds_what_the_textbook_says(frequency: int, length: int, mean: float) -> None:
    part = saturated(np.array([[frequency]]), np.array([float(length)]), mean)[0, 0]
    norm = 1.2 * (1 - 0.75 + 0.75 * length / mean)
    assert part == pytest.approx(frequency / (frequency + norm))
    assert 0 <= part < 1


def test_a_rarer_term_weighs_more_and_none_weighs_nothing() -> None:
    weights = inverse_document_frequency(np.array([0.0, 1.0, 5.0, 10.0]), 10)
    assert (np.diff(weights) < 0).all()
    assert weights[-1] > 0
    assert weights[1] == pytest.approx(math.log(1 + 9.5 / 1.5))


@given(st.integers(0, 2**31 - 1))
def test_a_length_in_a_byte_is_rounded_down_a_little_once(length: int) -> None:
    kept = lengths_in_a_byte(np.array([float(length)]))
    assert length * 7 / 8 <= kept[0] <= length
    assert length > 40 or kept[0] == length
    assert (lengths_in_a_byte(kept) == kept).all()
