"""The terms of every sentence as flat arrays, and what they say about a question.

tantivy finds candidates; this module weighs them, at both grains and only where asked, so that
the evidence is the same whichever engine found the candidate and costs the same in a collection
of any size. Terms are kept as 32-bit hashes: two of a million different terms meet with a
probability of 1 in 4,000 for a given term.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.analysis import Terms
from index.disk_array import DiskArray

SATURATION = 1.2
"""BM25's k1: Lucene's and tantivy's default, within the range of Robertson and Zaragoza (2009)."""
LENGTH_NORMALISATION = 0.75
"""BM25's b, from the same sources."""

_FIELDS = ("stems", "grams")

_MAPPED_BYTES = 64 * 1024 * 1024
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
class _Field:
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


class TermStore:
    """The terms of one generation, read from the disk as they are needed."""

    def __init__(
        self, fields: dict[str, _Field], first_sentences: NDArray[np.int64], languages: NDArray[np.int16]
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
        """Open what `TermWriter.write` wrote into `folder`.

        Raises:
            OSError: A file is missing.
            ValueError: A file is not a NumPy array.
        """

        def load(name: str) -> NDArray[np.generic]:
            array: NDArray[np.generic] = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            return array

        def load_hashes(name: str) -> NDArray[np.uint32] | DiskArray:
            path = folder / f"{name}.npy"
            if path.stat().st_size > _MAPPED_BYTES:
                return DiskArray(path)
            return load(name)  # type: ignore[return-value]

        fields = {
            name: _Field(
                hashes=load_hashes(f"{name}-hashes"),
                offsets=load(f"{name}-offsets"),  # type: ignore[arg-type]
                context_hashes=load_hashes(f"{name}-context-hashes"),
                context_offsets=load(f"{name}-context-offsets"),  # type: ignore[arg-type]
                vocabulary=load(f"{name}-vocabulary"),  # type: ignore[arg-type]
                document_frequency=load(f"{name}-frequency"),  # type: ignore[arg-type]
            )
            for name in _FIELDS
        }
        return cls(fields, load("first-sentences"), load("languages"))  # type: ignore[arg-type]

    @property
    def passage_count(self) -> int:
        """How many passages there are."""
        return len(self.first_sentences) - 1

    def sentence_rows(self, passage_rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows of all sentences of the passages, one passage after another."""
        starts, ends = self.first_sentences[passage_rows], self.first_sentences[passage_rows + 1]
        return _ranges(starts, ends)

    def knows(self, stems: Sequence[str]) -> bool:
        """Return whether each of these stems stands in some passage."""
        vocabulary = self._fields["stems"].vocabulary
        wanted = hashed_terms(stems)
        # Beyond the last, a place where the others are not.
        places = np.searchsorted(vocabulary, wanted) % max(1, len(vocabulary))
        return not len(wanted) or bool(len(vocabulary) and (vocabulary[places] == wanted).all())

    def rows_of_language(self, number: int, most: int) -> NDArray[np.int64]:
        """Return the rows of the first `most` passages in the language of that number, (n,) int64."""
        rows: NDArray[np.int64] = np.flatnonzero(self.languages == number)[:most]
        return rows

    def stems(self, passage_row: int) -> NDArray[np.uint32]:
        """Return the hashed stems of a passage's text in their order, (n,) uint32."""
        field = self._fields["stems"]
        first, last = field.offsets[self.first_sentences[passage_row : passage_row + 2]]
        return field.hashes[first:last]

    def sentence_lengths(self, sentence_rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many stems each of these sentences has."""
        offsets = self._fields["stems"].offsets
        lengths: NDArray[np.int64] = offsets[sentence_rows + 1] - offsets[sentence_rows]
        return lengths

    def evidence(
        self, question: Terms, passage_rows: NDArray[np.int64]
    ) -> tuple[LexicalEvidence, LexicalEvidence]:
        """Weigh candidates by the question's stems, and by its grams.

        Args:
            question: The question's terms, in the language of the candidates.
            passage_rows: (n,) int64, n at least 1.
        """
        stems = self._evidence("stems", question.stems, passage_rows)
        return stems, self._evidence("grams", question.grams, passage_rows)

    def _evidence(self, name: str, terms: Sequence[str], passage_rows: NDArray[np.int64]) -> LexicalEvidence:
        field = self._fields[name]
        wanted = np.unique(hashed_terms(terms))
        weights = self._inverse_document_frequency(field, wanted)
        sentence_counts = self.first_sentences[passage_rows + 1] - self.first_sentences[passage_rows]
        sentences = self.sentence_rows(passage_rows)
        frequency, lengths = _counted(field.hashes, field.offsets, sentences, wanted)
        context, context_lengths = _counted(field.context_hashes, field.context_offsets, passage_rows, wanted)
        first = np.concatenate(([0], np.cumsum(sentence_counts)[:-1]))
        passage_frequency = np.add.reduceat(frequency, first, axis=0) + context
        passage_lengths = np.add.reduceat(lengths, first) + context_lengths
        total = len(field.hashes)
        mean_sentence = total / max(len(field.offsets) - 1, 1)
        mean_passage = (total + len(field.context_hashes)) / max(self.passage_count, 1)
        by_sentence = _shares(frequency, lengths, mean_sentence, weights)
        by_passage = _shares(passage_frequency, passage_lengths, mean_passage, weights)
        return LexicalEvidence(
            passage_score=by_passage[0],
            passage_share=by_passage[1],
            sentence_score=np.maximum.reduceat(by_sentence[0], first),
            sentence_share=np.maximum.reduceat(by_sentence[1], first),
            scores_of_sentences=by_sentence[0],
        )

    def _inverse_document_frequency(self, field: _Field, wanted: NDArray[np.uint32]) -> NDArray[np.float64]:
        frequency = np.zeros(len(wanted))
        if len(field.vocabulary):
            places = np.minimum(np.searchsorted(field.vocabulary, wanted), len(field.vocabulary) - 1)
            known = field.vocabulary[places] == wanted
            frequency[known] = field.document_frequency[places[known]]
        return np.log1p((self.passage_count - frequency + 0.5) / (frequency + 0.5))


class TermWriter:
    """Collects the terms of a collection, passage by passage, and writes them as arrays."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._fields = {name: _FieldWriter() for name in _FIELDS}
        self._first_sentences = [0]
        self._languages: list[int] = []

    def add(self, sentences: Sequence[Terms], context: Terms, language: int) -> None:
        """Add one passage: the terms of its sentences in order, and those of its title and headings.

        Those count for the passage and for none of its sentences. `language` is any number below
        32,768 that stands for the passage's language.
        """
        self._languages.append(language)
        self._first_sentences.append(self._first_sentences[-1] + len(sentences))
        for name, field in self._fields.items():
            field.add([getattr(sentence, name) for sentence in sentences], getattr(context, name))

    def write(self, folder: Path) -> None:
        """Write the arrays into `folder`, for `TermStore.open`."""
        for name, field in self._fields.items():
            field.write(folder, name)
        np.save(folder / "first-sentences.npy", np.array(self._first_sentences, dtype=np.int64))
        np.save(folder / "languages.npy", np.array(self._languages, dtype=np.int16))


class _FieldWriter:
    def __init__(self) -> None:
        self._sentences: list[NDArray[np.uint32]] = []
        self._contexts: list[NDArray[np.uint32]] = []
        self._different: list[NDArray[np.uint32]] = []

    def add(self, sentences: Iterable[Sequence[str]], context: Sequence[str]) -> None:
        hashed = [hashed_terms(terms) for terms in sentences]
        self._sentences += hashed
        self._contexts.append(hashed_terms(context))
        self._different.append(np.unique(_joined([*hashed, self._contexts[-1]])))

    def write(self, folder: Path, name: str) -> None:
        vocabulary, frequency = np.unique(_joined(self._different), return_counts=True)
        np.save(folder / f"{name}-vocabulary.npy", vocabulary)
        np.save(folder / f"{name}-frequency.npy", frequency.astype(np.uint32))
        for part, hashed in ((name, self._sentences), (f"{name}-context", self._contexts)):
            np.save(folder / f"{part}-hashes.npy", _joined(hashed))
            offsets = np.concatenate(([0], np.cumsum([len(terms) for terms in hashed])))
            np.save(folder / f"{part}-offsets.npy", offsets.astype(np.int64))


def _counted(
    hashes: NDArray[np.uint32] | DiskArray,
    offsets: NDArray[np.int64],
    rows: NDArray[np.int64],
    wanted: NDArray[np.uint32],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return how often each wanted term stands in each row, and how many terms each row has."""
    starts, ends = offsets[rows], offsets[rows + 1]
    lengths = (ends - starts).astype(np.float64)
    if not len(wanted):
        return np.zeros((len(rows), 0), np.int64), lengths
    found = np.asarray(hashes[_ranges(starts, ends)])
    places = np.minimum(np.searchsorted(wanted, found), len(wanted) - 1)
    hits = wanted[places] == found
    owners = np.repeat(np.arange(len(rows)), ends - starts)
    cells = owners[hits] * len(wanted) + places[hits]
    counts = np.bincount(cells, minlength=len(rows) * len(wanted))
    return counts.reshape(len(rows), len(wanted)), lengths


def _shares(
    frequency: NDArray[np.int64],
    lengths: NDArray[np.float64],
    mean_length: float,
    weights: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return BM25 over its upper bound, and the share of the weights found; (rows,) each."""
    total = weights.sum()
    if total <= 0:
        return np.zeros(len(frequency)), np.zeros(len(frequency))
    norm = SATURATION * (1 - LENGTH_NORMALISATION + LENGTH_NORMALISATION * lengths / max(mean_length, 1e-9))
    # The factor k1 + 1 stands both in the score and in its upper bound.
    saturated = frequency / (frequency + norm[:, None])
    return saturated @ weights / total, (frequency > 0) @ weights / total


def hashed_terms(terms: Sequence[str]) -> NDArray[np.uint32]:
    """Return terms as they are kept, (n,) uint32: CRC-32, in their order."""
    return np.array([zlib.crc32(term.encode("utf-8", "replace")) for term in terms], dtype=np.uint32)


def _joined(arrays: Sequence[NDArray[np.uint32]]) -> NDArray[np.uint32]:
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.uint32)


def _ranges(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the concatenation of `range(start, end)` for each pair."""
    counts = ends - starts
    shift = np.repeat(starts - np.concatenate(([0], np.cumsum(counts)[:-1])), counts)
    return np.arange(counts.sum()) + shift
