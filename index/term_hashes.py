"""Terms as numbers: what the term store and the word index keep in place of a term."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def hashed_terms(terms: Sequence[str]) -> NDArray[np.uint32]:
    """Return terms as they are kept, (n,) uint32: CRC-32, in their order."""
    return np.array([zlib.crc32(term.encode("utf-8", "replace")) for term in terms], dtype=np.uint32)
