"""The terms of every sentence as flat arrays, and what they say about a question.

tantivy finds candidates; this module weighs them, at both grains and only where asked, so that
the evidence is the same whichever engine found the candidate and costs the same in a collection
of any size. Terms are kept as 32-bit hashes: two of a million different terms meet with a
probability of 1 in 4,000 for a given term.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from index.analysis import Terms
from index.bm25 import inverse_document_frequency, lengths_in_a_byte, saturated
from index.disk_array import DiskArray
from index.term_counts import TermCounts, TermField, WantedTerms, ranges
from index.term_hashes import hashed_terms

FieldName = Literal["stems", "grams"]
FIELDS: Final[tuple[FieldName, ...]] = ("stems", "grams")
"""The kinds of terms."""

NO_ROWS: Final[NDArray[np.int64]] = np.empty(0, np.int64)
"""The rows of no passage."""

_MAPPED_BYTES: Final = 64 * 1024 * 1024
"""Larger arrays are read by position, so that what was read of them does not stay in memory."""


@dataclass(frozen=True, slots=True)
class LexicalEvidence:
    """How the words of a question meet candidates; a row a candidate passage, float64.

    Scores are BM25 over the highest score that the question could reach, shares are of the
    question's inverse document frequency; all lie in [0, 1].
    """

    passage_score: NDArray[np.float64]
    passage_share: NDArray[np.float64]
    sentence_score: NDArray[np.float64]
    """The best sentence's."""
    sentence_share: NDArray[np.float64]
    """The best sentence's."""
    scores_of_sentences: NDArray[np.float64]
    """One value a sentence, the candidates' sentences one after another."""


@dataclass(frozen=True, slots=True)
class TermSlices:
    """The terms of one kind of consecutive passages, hashed by `hashed_terms`."""

    hashes: NDArray[np.uint32]
    """Of the sentences, one after another."""
    lengths: NDArray[np.int64]
    """(sentences,): how many of them each sentence has."""
    context_hashes: NDArray[np.uint32]
    """Of the passages' titles and headings, one passage after another."""
    context_lengths: NDArray[np.int64]
    """(passages,): how many of them each passage has."""


@dataclass(frozen=True, slots=True)
class WeightedTerms:
    """The different terms of one passage."""

    hashes: NDArray[np.uint32]
    """(n,): as `hashed_terms` makes them, sorted."""
    weights: NDArray[np.float64]
    """(n,): what each adds to the passage's BM25 where a question has it."""


@dataclass(frozen=True, slots=True)
class QuestionTerms:
    """The terms of one question in one language, to be counted in passages."""

    stems: WantedTerms
    grams: WantedTerms


class TermStore:
    """The terms of one generation, read from the disk as they are needed."""

    def __init__(
        self, fields: dict[str, TermField], first_sentences: NDArray[np.int64], languages: NDArray[np.int16]
    ) -> None:
        """Take what `open` read.

        Args:
            fields: Stems and grams.
            first_sentences: (passages + 1,): each passage's first sentence row, and their total.
            languages: (passages,): the number of each passage's language, as the writer was told.
        """
        self._fields = fields
        self.first_sentences = first_sentences
        self.languages = languages

    @classmethod
    def open(cls, folder: Path) -> TermStore:
        """Open what `index.term_writer` wrote into `folder`.

        Raises:
            OSError: A file is missing.
            ValueError: A file is not a NumPy array.
        """

        def load(name: str) -> NDArray[np.generic]:
            # As a plain view of the mapping: slices of `memmap` itself cost several times as much.
            mapped = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            array: NDArray[np.generic] = np.asarray(mapped)
            return array

        def load_hashes(name: str) -> NDArray[np.uint32] | DiskArray:
            path = folder / f"{name}.npy"
            if path.stat().st_size > _MAPPED_BYTES:
                return DiskArray(path)
            return load(name)  # type: ignore[return-value]

        fields = {
            name: TermField(
                hashes=load_hashes(f"{name}-hashes"),
                offsets=load(f"{name}-offsets"),  # type: ignore[arg-type]
                context_hashes=load_hashes(f"{name}-context-hashes"),
                context_offsets=load(f"{name}-context-offsets"),  # type: ignore[arg-type]
                vocabulary=load(f"{name}-vocabulary"),  # type: ignore[arg-type]
                document_frequency=load(f"{name}-frequency"),  # type: ignore[arg-type]
            )
            for name in FIELDS
        }
        return cls(fields, load("first-sentences"), load("languages"))  # type: ignore[arg-type]

    @property
    def passage_count(self) -> int:
        """How many passages there are."""
        return len(self.first_sentences) - 1

    def sentence_rows(self, passage_rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows of all sentences of the passages, one passage after another."""
        starts, ends = self.first_sentences[passage_rows], self.first_sentences[passage_rows + 1]
        return ranges(starts, ends)

    def knows(self, stems: Sequence[str]) -> bool:
        """Return whether each of these stems stands in some passage."""
        wanted = np.unique(hashed_terms(stems))
        return bool((self._fields["stems"].passages_with(wanted) > 0).all())

    def rows_of_language(self, number: int, most: int) -> NDArray[np.int64]:
        """Return the rows of the first `most` passages in the language of that number, (n,) int64."""
        rows: NDArray[np.int64] = np.flatnonzero(self.languages == number)[:most]
        return rows

    def stems(self, passage_row: int) -> NDArray[np.uint32]:
        """Return the hashed stems of a passage's text in their order, (n,) uint32."""
        field = self._fields["stems"]
        first, last = field.offsets[self.first_sentences[passage_row : passage_row + 2]]
        return field.hashes[first:last]

    def slices(self, name: FieldName, first_passage: int, last_passage: int) -> TermSlices:
        """Return the terms of a run of passages, as they are kept.

        Args:
            name: Which kind of terms.
            first_passage: The row of the first passage.
            last_passage: The row after the last one.
        """
        field = self._fields[name]
        sentences = field.offsets[
            self.first_sentences[first_passage] : self.first_sentences[last_passage] + 1
        ]
        contexts = field.context_offsets[first_passage : last_passage + 1]
        return TermSlices(
            hashes=np.asarray(field.hashes[sentences[0] : sentences[-1]]),
            lengths=np.diff(sentences),
            context_hashes=np.asarray(field.context_hashes[contexts[0] : contexts[-1]]),
            context_lengths=np.diff(contexts),
        )

    def sentence_lengths(self, sentence_rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many stems each of these sentences has."""
        offsets = self._fields["stems"].offsets
        lengths: NDArray[np.int64] = offsets[sentence_rows + 1] - offsets[sentence_rows]
        return lengths

    def question(self, terms: Terms, soon: NDArray[np.int64] = NO_ROWS) -> QuestionTerms:
        """Return the terms of a question as `bm25` and `evidence` take them.

        Args:
            terms: Of the question.
            soon: Rows of passages that will be weighed whatever else is: counting is done once for all.
        """
        stems, grams = (
            WantedTerms(
                field,
                self.first_sentences,
                wanted,
                self._inverse_document_frequency(field, wanted),
                soon,
            )
            for field, wanted in (
                (self._fields[name], np.unique(hashed_terms(getattr(terms, name)))) for name in FIELDS
            )
        )
        return QuestionTerms(stems, grams)

    def bm25(self, question: QuestionTerms, passage_rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the BM25 of passages, of stems and grams together, (n,) float64.

        tantivy's score but for a factor and its 32 bits, lengths in a byte as it keeps them: so the best
        few are the same passages whichever engine proposed them among some more.
        """
        total = np.zeros(len(passage_rows))
        for wanted in (question.stems, question.grams):
            frequency, lengths = wanted.counts(passage_rows).of_passages()
            in_a_byte = lengths_in_a_byte(lengths.astype(np.float64))
            total += saturated(frequency, in_a_byte, self._mean_passage(wanted.field)) @ wanted.weights
        return total

    def weighted_terms(self, passage_row: int) -> tuple[WeightedTerms, WeightedTerms]:
        """Return the different stems of a passage, and its different grams, each with its part of `bm25`.

        The sum of the weights of a question's terms in both is the passage's `bm25`.
        """
        stems, grams = (self._weighted_terms(self._fields[name], passage_row) for name in FIELDS)
        return stems, grams

    def _weighted_terms(self, field: TermField, row: int) -> WeightedTerms:
        first, last = field.offsets[self.first_sentences[row : row + 2]]
        context = field.context_hashes[slice(*field.context_offsets[row : row + 2])]
        hashes, counts = np.unique(np.concatenate((field.hashes[first:last], context)), return_counts=True)
        length = lengths_in_a_byte(np.array([counts.sum()], np.float64))
        parts = saturated(counts[None, :], length, self._mean_passage(field))[0]
        return WeightedTerms(hashes, parts * self._inverse_document_frequency(field, hashes))

    def _mean_passage(self, field: TermField) -> float:
        return (len(field.hashes) + len(field.context_hashes)) / max(self.passage_count, 1)

    def evidence(
        self, question: QuestionTerms, passage_rows: NDArray[np.int64]
    ) -> tuple[LexicalEvidence, LexicalEvidence]:
        """Weigh candidates by the question's stems, and by its grams.

        Args:
            question: The question's terms, in the language of the candidates.
            passage_rows: (n,) int64, n at least 1.
        """
        stems, grams = (
            self._evidence(wanted, wanted.counts(passage_rows)) for wanted in (question.stems, question.grams)
        )
        return stems, grams

    def _evidence(self, wanted: WantedTerms, counts: TermCounts) -> LexicalEvidence:
        field, weights, first = wanted.field, wanted.weights, counts.first_sentences
        mean_sentence = len(field.hashes) / max(len(field.offsets) - 1, 1)
        by_sentence = _shares(counts.frequency, counts.lengths, mean_sentence, weights)
        by_passage = _shares(*counts.of_passages(), self._mean_passage(field), weights)
        return LexicalEvidence(
            passage_score=by_passage[0],
            passage_share=by_passage[1],
            sentence_score=np.maximum.reduceat(by_sentence[0], first),
            sentence_share=np.maximum.reduceat(by_sentence[1], first),
            scores_of_sentences=by_sentence[0],
        )

    def _inverse_document_frequency(
        self, field: TermField, wanted: NDArray[np.uint32]
    ) -> NDArray[np.float64]:
        return inverse_document_frequency(field.passages_with(wanted), self.passage_count)


def _shares(
    frequency: NDArray[np.int64],
    lengths: NDArray[np.int64],
    mean_length: float,
    weights: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return BM25 over its upper bound, and the share of the weights found; (rows,) each."""
    total = weights.sum()
    if total <= 0:
        return np.zeros(len(frequency)), np.zeros(len(frequency))
    parts = saturated(frequency, lengths.astype(np.float64), mean_length)
    return parts @ weights / total, (frequency > 0) @ weights / total
