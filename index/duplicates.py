"""Which passages say the same: so that one of them is shown and not all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from index.analysis import analyzer
from index.texts import StoredPassage

_SHARED_CHARACTERS: Final = 0.3
"""Two passages of one article that share more of the shorter one are one place, seen twice."""

_SHARED_SHINGLES: Final = 0.8
"""Two passages that have more of the shorter one's word triples in common say the same; copies
with a changed date or name have about .9, different passages on one subject less than .2."""


def without_duplicates(passages: Iterable[StoredPassage]) -> Iterator[StoredPassage]:
    """Yield the passages, best first as they come, but none that says what one before it said."""
    kept: list[tuple[StoredPassage, frozenset[tuple[str, ...]]]] = []
    for candidate in passages:
        shingles = _shingles(candidate)
        if any(
            _overlap(candidate, other) > _SHARED_CHARACTERS or _share(shingles, others) > _SHARED_SHINGLES
            for other, others in kept
        ):
            continue
        kept.append((candidate, shingles))
        yield candidate


def _overlap(one: StoredPassage, other: StoredPassage) -> float:
    """Return the share of the shorter passage's characters that the other has too."""
    if one.source.article_id != other.source.article_id:
        return 0.0
    first, second = one.passage.span, other.passage.span
    shared = min(first.end, second.end) - max(first.start, second.start)
    return max(0, shared) / max(1, min(first.end - first.start, second.end - second.start))


def _share(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    return len(one & other) / max(1, min(len(one), len(other)))


def _shingles(passage: StoredPassage) -> frozenset[tuple[str, ...]]:
    """Return the triples of neighbouring stems (character bigrams in scripts without spaces)."""
    stems = analyzer(passage.source.language).terms(passage.text).stems
    return frozenset(zip(stems, stems[1:], stems[2:], strict=False)) or frozenset([stems])
