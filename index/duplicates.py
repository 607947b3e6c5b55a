"""Which passages say the same: so that one of them is shown and not all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index.analysis import analyzer
from index.term_hashes import hashed_terms
from index.texts import StoredPassage

_SHARED_CHARACTERS: Final = 0.3
"""Two passages of one article that share more of the shorter one are one place, seen twice."""

_SHARED_SHINGLES: Final = 0.8
"""Two passages that have more of the shorter one's word triples in common say the same; copies
with a changed date or name have about .9, different passages on one subject less than .2."""

_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio: an odd number that spreads what it multiplies (Knuth, volume 3, 6.4)."""


def shingles(stems: NDArray[np.uint32]) -> frozenset[int]:
    """Return the triples of neighbouring stems, each once, as one number; a short text is one of its own.

    Args:
        stems: Hashed (character bigrams in scripts without spaces), in their order.
    """
    count = max(1, len(stems) - 2)
    numbers = np.zeros(count, np.uint64)
    for place in range(min(len(stems), 3)):
        numbers = numbers * _MULTIPLIER + stems[place : place + count]
    return frozenset(numbers.tolist())


def shingles_of_text(passage: StoredPassage) -> frozenset[int]:
    """Return the shingles of a passage's text."""
    return shingles(hashed_terms(analyzer(passage.source.language).terms(passage.text).stems))


def without_duplicates(
    passages: Iterable[StoredPassage],
    shingles_of: Callable[[StoredPassage], frozenset[int]] = shingles_of_text,
) -> Iterator[StoredPassage]:
    """Yield the passages, best first as they come, but none that says what one before it said.

    Args:
        passages: Read no further than is asked for.
        shingles_of: The shingles of a passage, for whoever keeps them or its stems.
    """
    kept: list[tuple[StoredPassage, frozenset[int]]] = []
    # What it shares with all of them together is the most that it can share with one.
    of_all: set[int] = set()
    fewest = 0
    for candidate in passages:
        own = shingles_of(candidate)
        may_be_copy = len(own & of_all) > _SHARED_SHINGLES * min(len(own), fewest)
        if any(
            _overlap(candidate, other) > _SHARED_CHARACTERS
            or (may_be_copy and _share(own, others) > _SHARED_SHINGLES)
            for other, others in kept
        ):
            continue
        fewest = min(len(own), fewest) if kept else len(own)
        kept.append((candidate, own))
        of_all |= own
        yield candidate


def _overlap(one: StoredPassage, other: StoredPassage) -> float:
    """Return the share of the shorter passage's characters that the other has too."""
    if one.source.article_id != other.source.article_id:
        return 0.0
    first, second = one.passage.span, other.passage.span
    shared = min(first.end, second.end) - max(first.start, second.start)
    return max(0, shared) / max(1, min(first.end - first.start, second.end - second.start))


def _share(one: frozenset[int], other: frozenset[int]) -> float:
    return len(one & other) / max(1, min(len(one), len(other)))
