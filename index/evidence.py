"""What speaks for a candidate, as numbers that mean the same in a collection of any size.

Each piece of evidence lies in [0, 1] or, for cosines, [-1, 1]; none depends on which other
candidates there are, except `agreement`, which counts lists and not places.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

LEXICAL_EVIDENCE: Final = (
    "stem_score",
    "stem_share",
    "best_sentence_stem_score",
    "best_sentence_stem_share",
    "gram_score",
    "gram_share",
    "best_sentence_gram_score",
    "best_sentence_gram_share",
)
"""Scores are BM25 over the highest that the question could reach; shares are of the question's
inverse document frequency. Stems are words without endings, grams their parts."""

PASSAGE_EVIDENCE: Final = (
    *LEXICAL_EVIDENCE,
    "understood",
    "cosine",
    "best_sentence_cosine",
    "agreement",
    "question_length",
    "unspaced",
)
"""The columns of `Evidence.passages`.

`understood` says how far the encoder knows the passage's language, and the cosines are multiplied
by it; `agreement` is the share of the three lists that name the passage among their first;
`question_length` is the logarithm of one more than the question's number of different stems;
`unspaced` is 1 where the question is in a script without spaces, whose stems are character bigrams,
and 0 elsewhere.
"""

SENTENCE_EVIDENCE: Final = ("stem_score", "gram_score", "understood", "cosine", "words")
"""The columns of `Evidence.sentences`; `words` is the logarithm of one more than its terms."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The candidates for one question, in no order, and what speaks for each."""

    rows: NDArray[np.int64]
    """(n,): the passages' rows, each once."""
    passages: NDArray[np.float64]
    """(n, len(PASSAGE_EVIDENCE))."""
    sentences: NDArray[np.float64]
    """(m, len(SENTENCE_EVIDENCE)): all sentences of the first passage, then of the second, ..."""
    first_sentences: NDArray[np.int64]
    """(n + 1,): where each passage's sentences begin in `sentences`, and their total."""

    def sentences_of(self, candidate: int) -> slice:
        """Return where the sentences of one candidate stand in `sentences`, by its place in `rows`."""
        first, end = self.first_sentences[candidate : candidate + 2]
        return slice(int(first), int(end))


def no_evidence() -> Evidence:
    """Return the evidence of a question for which there is no candidate."""
    return Evidence(
        rows=np.empty(0, np.int64),
        passages=np.empty((0, len(PASSAGE_EVIDENCE))),
        sentences=np.empty((0, len(SENTENCE_EVIDENCE))),
        first_sentences=np.zeros(1, np.int64),
    )
