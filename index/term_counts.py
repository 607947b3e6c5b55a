"""How often a question's terms stand in passages and their sentences, counted once a question.

The passages that words propose are ordered by their BM25, and are then weighed with all the others: what
was counted for the one is not counted again for the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index.disk_array import DiskArray

_LOW_BITS: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class TermField:
    """The terms of one kind, stems or grams, of all passages, hashed by `hashed_terms`."""

    hashes: NDArray[np.uint32] | DiskArray
    """Every sentence's terms, one sentence after another."""
    offsets: NDArray[np.int64]
    """(sentences + 1,): where each sentence's terms begin."""
    context_hashes: NDArray[np.uint32] | DiskArray
    """The terms of every passage's title and headings, one passage after another."""
    context_offsets: NDArray[np.int64]
    """(passages + 1,): where each passage's begin."""
    vocabulary: NDArray[np.uint32]
    """Sorted."""
    document_frequency: NDArray[np.uint32]
    """In how many passages each term of the vocabulary stands."""

    def passages_with(self, wanted: NDArray[np.uint32]) -> NDArray[np.float64]:
        """Return in how many passages each of these terms stands, (n,) float64."""
        frequency = np.zeros(len(wanted))
        if len(self.vocabulary):
            places = np.minimum(np.searchsorted(self.vocabulary, wanted), len(self.vocabulary) - 1)
            known = self.vocabulary[places] == wanted
            frequency[known] = self.document_frequency[places[known]]
        return frequency


@dataclass(frozen=True, slots=True)
class TermCounts:
    """How often wanted terms stand in some passages."""

    rows: NDArray[np.int64]
    """(n,): of the passages."""
    sentence_counts: NDArray[np.int64]
    """(n,): how many sentences each has, at least one."""
    frequency: NDArray[np.int64]
    """(sentences, wanted): in each sentence, those of one passage after those of another."""
    lengths: NDArray[np.int64]
    """(sentences,): how many terms each has."""
    context: NDArray[np.int64]
    """(n, wanted): in each passage's title and headings."""
    context_lengths: NDArray[np.int64]
    """(n,): how many terms those have."""

    @property
    def first_sentences(self) -> NDArray[np.int64]:
        """(n,): where each passage's sentences begin."""
        first: NDArray[np.int64] = np.cumsum(self.sentence_counts) - self.sentence_counts
        return first

    def of_passages(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return how often each term stands in each passage with its context, and how many it has.

        (n, wanted) and (n,).
        """
        if not len(self.rows):
            return self.context, self.context_lengths
        first = self.first_sentences
        frequency = np.add.reduceat(self.frequency, first, axis=0) + self.context
        return frequency, np.add.reduceat(self.lengths, first) + self.context_lengths

    def of(self, rows: NDArray[np.int64]) -> TermCounts:
        """Return the counts of some of these passages, in the order of `rows`."""
        order = np.argsort(self.rows)
        places = order[np.searchsorted(self.rows, rows, sorter=order)]
        first, counts = self.first_sentences[places], self.sentence_counts[places]
        sentences = ranges(first, first + counts)
        return TermCounts(
            rows=rows,
            sentence_counts=counts,
            frequency=self.frequency[sentences],
            lengths=self.lengths[sentences],
            context=self.context[places],
            context_lengths=self.context_lengths[places],
        )

    def joined(self, other: TermCounts) -> TermCounts:
        """Return the counts of these passages and of others."""
        return TermCounts(
            rows=np.concatenate((self.rows, other.rows)),
            sentence_counts=np.concatenate((self.sentence_counts, other.sentence_counts)),
            frequency=np.concatenate((self.frequency, other.frequency)),
            lengths=np.concatenate((self.lengths, other.lengths)),
            context=np.concatenate((self.context, other.context)),
            context_lengths=np.concatenate((self.context_lengths, other.context_lengths)),
        )


class WantedTerms:
    """A question's terms of one kind. It belongs to one question, and to one thread at a time."""

    def __init__(
        self,
        field: TermField,
        first_sentences: NDArray[np.int64],
        hashes: NDArray[np.uint32],
        weights: NDArray[np.float64],
        soon: NDArray[np.int64],
    ) -> None:
        """Take the terms.

        Args:
            field: Where they are counted.
            first_sentences: (passages + 1,): each passage's first sentence row, and their total.
            hashes: (n,): sorted, each once.
            weights: (n,): what each is worth.
            soon: Rows of passages that will be asked for: counted in one go with the first that are.
        """
        self.field = field
        """Where they are counted."""
        self.hashes = hashes
        """(n,): sorted, each once."""
        self.weights = weights
        """(n,): what each is worth."""
        self._first_sentences = first_sentences
        self._soon = soon
        self._counted: TermCounts | None = None

    def counts(self, rows: NDArray[np.int64]) -> TermCounts:
        """Return how often they stand in passages, in the order of `rows`; each passage is counted once."""
        known = self._counted
        if known is None:
            # All that is asked for is among them.
            self._counted = self._count(np.union1d(rows, self._soon))
            return self._counted.of(rows)
        seen = set(known.rows.tolist())
        missing = np.array([row for row in rows.tolist() if row not in seen], np.int64)
        if len(missing):
            known = self._counted = known.joined(self._count(missing))
        return known.of(rows)

    def _count(self, rows: NDArray[np.int64]) -> TermCounts:
        field = self.field
        begin, end = self._first_sentences[rows], self._first_sentences[rows + 1]
        sentences = ranges(begin, end)
        lengths = field.offsets[sentences + 1] - field.offsets[sentences]
        context_starts, context_ends = field.context_offsets[rows], field.context_offsets[rows + 1]
        context_lengths = context_ends - context_starts
        # A passage's sentences stand one after another, so its terms do too.
        terms = _taken(field.hashes, field.offsets[begin], field.offsets[end])
        context = _taken(field.context_hashes, context_starts, context_ends)
        both = np.concatenate((terms, context)), np.concatenate((lengths, context_lengths))
        frequency = _frequency(*both, self.hashes)
        return TermCounts(
            rows=rows,
            sentence_counts=end - begin,
            frequency=frequency[: len(lengths)],
            lengths=lengths,
            context=frequency[len(lengths) :],
            context_lengths=context_lengths,
        )


def ranges(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the concatenation of `range(start, end)` for each pair, (total,) int64."""
    counts = ends - starts
    shift = np.repeat(starts - (np.cumsum(counts) - counts), counts)
    found: NDArray[np.int64] = np.arange(counts.sum()) + shift
    return found


def _taken(
    hashes: NDArray[np.uint32] | DiskArray, starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.uint32]:
    """Return the terms of all stretches, one stretch after another."""
    if isinstance(hashes, DiskArray):
        return hashes[ranges(starts, ends)]
    # Where they are in memory, as few copies as there are stretches beat one a term.
    bounds = zip(starts.tolist(), ends.tolist(), strict=True)
    return np.concatenate([hashes[:0], *(hashes[start:end] for start, end in bounds)])


def _frequency(
    found: NDArray[np.uint32], lengths: NDArray[np.int64], wanted: NDArray[np.uint32]
) -> NDArray[np.int64]:
    """Return how often each wanted term stands in each text, (texts, wanted).

    Args:
        found: The terms of the texts, one text after another.
        lengths: (texts,): how many terms each has.
        wanted: Sorted, each once.
    """
    if not len(wanted):
        return np.zeros((len(lengths), 0), np.int64)
    # Few of many thousand terms are wanted: a look at their low bits leaves hardly any to search for.
    may_be_wanted = np.zeros(_LOW_BITS + 1, np.bool_)
    may_be_wanted[wanted.astype(np.uint16)] = True
    maybe = np.flatnonzero(may_be_wanted[found.astype(np.uint16)])
    places = np.minimum(np.searchsorted(wanted, found[maybe]), len(wanted) - 1)
    hits = wanted[places] == found[maybe]
    owners = np.searchsorted(np.cumsum(lengths), maybe[hits], side="right")
    cells = owners * len(wanted) + places[hits]
    counts = np.bincount(cells, minlength=len(lengths) * len(wanted))
    return counts.reshape(len(lengths), len(wanted))
