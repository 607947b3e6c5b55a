"""The passages that might answer, from three lists, and the evidence for each.

The lists only propose: nearest passage vectors, nearest sentence vectors, highest BM25. Each
proposed passage is then weighed by all kinds of evidence, whichever list it came from.

The order inside a list is decided here, from the vectors and terms themselves and by row where those
are equal, and not by the engine that proposed: so every exact engine leads to the same Answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index.analysis import Terms, analyzer, is_unspaced
from index.evidence import Evidence, no_evidence
from index.stores import Vectors, Words
from index.term_store import NO_ROWS, LexicalEvidence, QuestionTerms, TermStore

A_LIST: Final = 40
"""Passages looked at in the lists of passages, and sentences in the list of sentences, several of which often
are of one passage; more change no figure on the sets that the weights were fitted on."""

A_LIST_OF_MANY: Final = 60
"""The same where there are `MANY`. With both looks, the English set hidden among 100,000 passages of its own
words and vectors, one of the first five held the answer to .965 of the questions instead of .954, and the
first to .940 instead of .934, for 3 ms more; 80 gave .965 and .944 for 11."""

MANY: Final = 50_000
"""Passages of a collection from which on the lists are longer."""

AGREEING_PLACES: Final = 10
"""A list names a passage where it stands among its first ten."""

SPARE: Final = 8
"""More than wanted that an engine is asked for: rounding may order the last ones otherwise."""

_TIE: Final = 1e-5
"""Scores that differ by less, or less than this share, may change places by an engine's 32 bits."""

_MOST_PROPOSED: Final = 1024
"""How many an engine is asked for at most, where ever more are equally near."""

_DECIMALS: Final = 10
"""Of scores that order: sums of 64-bit numbers differ by their order only beyond."""


@dataclass(frozen=True, slots=True)
class AskedTerms:
    """A question in one of the articles' languages."""

    terms: Terms
    """For the engine that proposes."""
    wanted: QuestionTerms
    """For weighing."""


@dataclass(frozen=True, slots=True)
class FoundByWords:
    """What the words of one question say. It belongs to one thread at a time."""

    asked: tuple[AskedTerms, ...]
    """The question in each of the articles' languages."""
    rows: NDArray[np.int64]
    """(n,): passages that the words propose, best first."""
    is_unspaced: bool
    """Whether the question is in a script without spaces."""


@dataclass(frozen=True, slots=True)
class BegunSearch:
    """The vector of one question, and the search for what is near it, begun."""

    vector: NDArray[np.float32]
    """(1, d), of unit length."""
    passages: Callable[[], NDArray[np.int64]]
    """Returns the rows of passages that are proposed, `SPARE` more than are wanted."""
    sentences: Callable[[], NDArray[np.int64]]
    """The same of sentences."""


@dataclass(frozen=True, slots=True)
class FoundByVectors:
    """What the vector of one question says."""

    vector: NDArray[np.float32]
    """(d,), of unit length."""
    by_passages: NDArray[np.int64]
    """(n,): passages whose vectors are the nearest, nearest first."""
    by_sentences: NDArray[np.int64]
    """(m,): passages of the nearest sentences, nearest first, each once."""

    @property
    def rows(self) -> NDArray[np.int64]:
        """All of these passages, (n + m,), in no order."""
        return np.concatenate((self.by_passages, self.by_sentences))


class CandidateFinder:
    """Finds and weighs candidates in one generation. Safe to share between threads."""

    def __init__(
        self,
        passages: Vectors,
        sentences: Vectors,
        lexical: Words,
        terms: TermStore,
        languages: Sequence[str],
        understood: Sequence[float],
    ) -> None:
        """Take the open parts of a generation.

        Args:
            passages: Vectors of the passages, a row each.
            sentences: Vectors of the sentences, a row each.
            lexical: The passages' words.
            terms: The same, for weighing.
            languages: The languages of the articles, in the order that `terms` numbers them.
            understood: For each language how far the encoder knows it, in [0, 1].
        """
        self._passages = passages
        self._sentences = sentences
        self._lexical = lexical
        self.terms = terms
        """The words of the passages, as they were stored."""
        self._languages = tuple(languages)
        self._understood = np.array(understood, dtype=np.float64)
        self._wanted = A_LIST_OF_MANY if terms.passage_count >= MANY else A_LIST

    def by_words(self, question: str, soon: NDArray[np.int64] = NO_ROWS) -> FoundByWords:
        """Return what a question's words propose.

        Args:
            question: Cleaned.
            soon: (n,): passages that will be weighed whatever else is, in which terms are counted in one go
                with those that the words propose.
        """
        numbers = self.terms.languages[soon]
        asked = [
            self._terms_in(language, question, soon[numbers == number])
            for number, language in enumerate(self._languages)
        ]
        return FoundByWords(tuple(asked), self._proposed_by_words(asked), is_unspaced(question))

    def begin(self, vector: NDArray[np.float32]) -> BegunSearch:
        """Begin to look for what is near a question's vector, as far as no other thread has to wait for it.

        Args:
            vector: (1, d) float32, of unit length.
        """
        return BegunSearch(vector, self._begun(self._passages, vector), self._begun(self._sentences, vector))

    def by_vectors(self, begun: BegunSearch) -> FoundByVectors:
        """Return what a question's vector proposes."""
        return FoundByVectors(
            begun.vector[0], self._by_passage_vectors(begun), self._by_sentence_vectors(begun)
        )

    def weighed(self, by_words: FoundByWords, by_vectors: FoundByVectors) -> Evidence:
        """Return the evidence for every passage that a list proposes."""
        lists = [by_vectors.by_passages, by_vectors.by_sentences, by_words.rows]
        rows = np.unique(np.concatenate(lists))
        if not len(rows):
            return no_evidence()
        named = np.concatenate([proposed[:AGREEING_PLACES] for proposed in lists])
        agreement = np.bincount(np.searchsorted(rows, named), minlength=len(rows)) / len(lists)
        return self._weighed(rows, agreement, by_words, by_vectors.vector)

    def _terms_in(self, language: str, question: str, soon: NDArray[np.int64]) -> AskedTerms:
        terms = analyzer(language).question_terms(question)
        return AskedTerms(terms, self.terms.question(terms, soon))

    def _begun(self, index: Vectors, vector: NDArray[np.float32]) -> Callable[[], NDArray[np.int64]]:
        if not self._understood.any():
            return lambda: NO_ROWS
        search = index.begin_search(vector, self._wanted + SPARE)
        return lambda: search().rows[0]

    def _by_passage_vectors(self, begun: BegunSearch) -> NDArray[np.int64]:
        if not self._understood.any():
            return NO_ROWS
        return _nearest(self._passages, begun.vector, self._wanted, begun.passages)

    def _by_sentence_vectors(self, begun: BegunSearch) -> NDArray[np.int64]:
        if not self._understood.any():
            return NO_ROWS
        sentences = _nearest(self._sentences, begun.vector, self._wanted, begun.sentences)
        owners = np.searchsorted(self.terms.first_sentences, sentences, side="right") - 1
        return np.array(list(dict.fromkeys(owners.tolist())), np.int64)

    def _proposed_by_words(self, terms: Sequence[AskedTerms]) -> NDArray[np.int64]:
        """Return the passages of each language that its terms find, the languages taking turns."""
        found: list[list[int]] = []
        for number, wanted in enumerate(terms):
            rows = self._best_by_words(wanted)
            found.append(rows[self.terms.languages[rows] == number].tolist())
        turns = max(map(len, found), default=0)
        mixed = [rows[turn] for turn in range(turns) for rows in found if turn < len(rows)]
        return np.array(mixed, np.int64)

    def _best_by_words(self, asked: AskedTerms) -> NDArray[np.int64]:
        return _best(
            self._wanted,
            lambda limit: self._lexical.search(asked.terms.stems, asked.terms.grams, limit),
            lambda rows: self.terms.bm25(asked.wanted, rows),
        )

    def _weighed(
        self,
        rows: NDArray[np.int64],
        agreement: NDArray[np.float64],
        by_words: FoundByWords,
        vector: NDArray[np.float32],
    ) -> Evidence:
        languages = np.asarray(self.terms.languages[rows])
        # Passages of one language stand together, so that their evidence can be joined as it comes.
        order = np.argsort(languages, kind="stable")
        rows, languages, agreement = rows[order], languages[order], agreement[order]
        lexical: list[NDArray[np.float64]] = []
        sentence_scores: list[NDArray[np.float64]] = []
        lengths: list[NDArray[np.float64]] = []
        for language in np.unique(languages):
            group = rows[languages == language]
            asked = by_words.asked[language]
            stems, grams = self.terms.evidence(asked.wanted, group)
            lexical.append(np.column_stack([*_columns(stems), *_columns(grams)]))
            sentence_scores.append(np.column_stack([stems.scores_of_sentences, grams.scores_of_sentences]))
            lengths.append(np.full(len(group), np.log1p(len(set(asked.terms.stems)))))
        sentence_rows = self.terms.sentence_rows(rows)
        counts = self.terms.first_sentences[rows + 1] - self.terms.first_sentences[rows]
        first_sentences = np.concatenate(([0], np.cumsum(counts)))
        understood = self._understood[languages]
        sentence_understood = np.repeat(understood, counts)
        passage_cosines = self._passages.cosines(vector, rows) * understood
        sentence_cosines = self._sentences.cosines(vector, sentence_rows) * sentence_understood
        passages = np.column_stack(
            [
                np.concatenate(lexical),
                understood,
                passage_cosines,
                np.maximum.reduceat(sentence_cosines, first_sentences[:-1]),
                agreement,
                np.concatenate(lengths),
                np.full(len(rows), float(by_words.is_unspaced)),
            ]
        )
        sentences = np.column_stack(
            [
                np.concatenate(sentence_scores),
                sentence_understood,
                sentence_cosines,
                np.log1p(self.terms.sentence_lengths(sentence_rows)),
            ]
        )
        return Evidence(rows, passages, sentences, first_sentences)


def _nearest(
    index: Vectors, vector: NDArray[np.float32], k: int, begun: Callable[[], NDArray[np.int64]]
) -> NDArray[np.int64]:
    """Return the `k` nearest rows; `begun` ends the search for the first that are proposed."""
    exact = vector[0].astype(np.float64)
    return _best(
        k,
        lambda limit: begun() if limit == k + SPARE else index.search(vector, limit).rows[0],
        lambda rows: index.vectors(rows).astype(np.float64) @ exact,
    )


def _best(
    k: int,
    propose: Callable[[int], NDArray[np.int64]],
    score: Callable[[NDArray[np.int64]], NDArray[np.float64]],
) -> NDArray[np.int64]:
    """Return the `k` rows of the highest scores, the lower row first where scores are equal.

    Args:
        k: How many.
        propose: Returns at most so many rows, which are the best up to small errors.
        score: Returns the exact scores of rows.
    """
    limit = k + SPARE
    while True:
        rows = propose(limit)
        scores = np.round(score(rows), _DECIMALS)
        order = np.lexsort((rows, -scores))
        if len(rows) < limit or limit >= _MOST_PROPOSED:
            return rows[order[:k]]
        last_wanted = scores[order[k - 1]]
        if scores[order[-1]] < last_wanted - _TIE * max(1.0, last_wanted):
            return rows[order[:k]]
        # Those that are as good as the last one wanted may not all be there.
        limit = min(2 * limit, _MOST_PROPOSED)


def _columns(evidence: LexicalEvidence) -> list[NDArray[np.float64]]:
    return [
        evidence.passage_score,
        evidence.passage_share,
        evidence.sentence_score,
        evidence.sentence_share,
    ]
