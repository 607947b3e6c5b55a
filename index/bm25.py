"""The formula of BM25 and its constants; pure."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

SATURATION: Final = 1.2
"""BM25's k1: Lucene's and tantivy's default, within the range of Robertson and Zaragoza (2009)."""
LENGTH_NORMALISATION: Final = 0.75
"""BM25's b, from the same sources."""

_EXACT_BELOW: Final = 24
_BINARY_DIGITS: Final = 4


def saturated(
    frequency: NDArray[np.int64], lengths: NDArray[np.float64], mean_length: float
) -> NDArray[np.float64]:
    """Return what each term adds to a text's score for each unit of its weight, below 1.

    The factor k1 + 1, which orders nothing, is left out, as Lucene does.

    Args:
        frequency: (texts, terms): how often each term stands in each text.
        lengths: (texts,): how many terms each text has.
        mean_length: Of all texts.
    """
    share = lengths / max(mean_length, 1e-9)
    norm = SATURATION * (1 - LENGTH_NORMALISATION + LENGTH_NORMALISATION * share)
    parts: NDArray[np.float64] = frequency / (frequency + norm[:, None])
    return parts


def inverse_document_frequency(having: NDArray[np.float64], texts: int) -> NDArray[np.float64]:
    """Return the weight of terms that stand in `having` of so many texts, as Lucene computes it."""
    return np.log1p((texts - having + 0.5) / (having + 0.5))


def lengths_in_a_byte(lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return lengths as tantivy keeps them, rounded down to what one byte tells: Lucene's SmallFloat.

    Of what exceeds 24 the first four binary digits are kept, so that lengths up to 40 stay as they are.
    """
    above = np.maximum(lengths - _EXACT_BELOW, 0)
    digits = np.frexp(above)[1]
    step = np.exp2(np.maximum(digits - _BINARY_DIGITS, 0))
    return np.where(lengths < _EXACT_BELOW, lengths, _EXACT_BELOW + np.floor(above / step) * step)
