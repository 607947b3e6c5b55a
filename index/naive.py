"""The baseline to beat: what most document bots do, done properly.

Chunks of 1,000 characters with 200 in common, cut wherever the count falls; one vector a chunk;
exact inner-product search; one threshold on the raw cosine. It gives the same `Answer` records as
the retriever, so that the same evaluation runs on both. Nothing but evaluation should use it:
a cosine is no probability, which is one of the things that the comparison shows.
"""

from __future__ import annotations

import hashlib
import re
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.types import Answer, Article, Passage, RankedPassage, Source, Span

CHUNK_CHARACTERS = 1000
OVERLAP_CHARACTERS = 200
PASSAGES_SHOWN = 10
ANSWERING_COSINE = 0.35
GENERATION_NAME = "naive"

_PARAGRAPH_BREAK = re.compile(r"\n\s*\n")

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to (n, d) float32, one row a text; rows need not be of unit length."""


class SearchableVectors(Protocol):
    """An index over row vectors, as FAISS has them."""

    def search(
        self, vectors: NDArray[np.float32], k: int, /
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return for each vector the `k` greatest inner products, greatest first, and their rows.

        Both are (number of vectors, k); a row of -1 stands for no neighbour.
        """
        ...


MakeIndex = Callable[[NDArray[np.float32]], SearchableVectors]
"""From (n, d) float32, rows of unit length, n at least 1."""


class NaiveBot:
    """Answers with the chunks whose vectors are nearest to the question's."""

    def __init__(
        self, passages: Sequence[RankedPassage], encode: Encode, vectors: SearchableVectors | None
    ) -> None:
        """Take what `build` made: the chunks in the order of the vectors' rows; None for no chunks."""
        self._passages = tuple(passages)
        self._encode = encode
        self._vectors = vectors

    @classmethod
    def build(cls, articles: Sequence[Article], encode: Encode, make_index: MakeIndex) -> NaiveBot:
        """Cut and encode the articles, all chunks in one call of `encode`."""
        passages = [passage for article in articles for passage in chunks_of(article)]
        if not passages:
            return cls((), encode, None)
        vectors = _unit_rows(encode([passage.text for passage in passages]))
        return cls(passages, encode, make_index(vectors))

    def ask(self, question: str) -> Answer:
        """Return the ten nearest chunks; confidence and probabilities are cosines, below 0 as 0.

        A blank question, or no chunk to search, gets an empty answer.
        """
        began = time.perf_counter()
        understood = question.strip()
        passages = self._nearest(understood) if understood else ()
        confidence = passages[0].probability if passages else 0.0
        return Answer(
            question=understood,
            answered=confidence >= ANSWERING_COSINE,
            confidence=confidence,
            passages=passages,
            looked_twice=False,
            elapsed_ms=(time.perf_counter() - began) * 1000,
            generation=GENERATION_NAME,
        )

    def _nearest(self, question: str) -> tuple[RankedPassage, ...]:
        if self._vectors is None:
            return ()
        cosines, rows = self._vectors.search(_unit_rows(self._encode([question])), PASSAGES_SHOWN)
        return tuple(
            _with_probability(self._passages[row], min(1.0, max(0.0, cosine)))
            for cosine, row in zip(cosines[0].tolist(), rows[0].tolist(), strict=True)
            if row >= 0
        )


def chunks_of(article: Article) -> list[RankedPassage]:
    """Cut an article's body into chunks, in order, with probability 0.

    Each chunk but the first repeats the last 200 characters of the one before. The last one ends
    with the text; none lies wholly inside another, and none is blank.
    """
    text = article.text
    # Blank lines before the first and after the last paragraph separate nothing.
    first = len(text) - len(text[article.body_start :].lstrip())
    breaks = [found.start() for found in _PARAGRAPH_BREAK.finditer(text, first, len(text.rstrip()))]
    source = Source(
        article.article_id, article.title, article.language, article.url, article.author, article.published
    )
    chunks: list[RankedPassage] = []
    for span in _chunk_spans(article.body_start, len(text)):
        chunk = span.of(text)
        if not chunk.strip():
            continue
        passage = Passage(
            passage_id=_passage_id(article.article_id, chunk),
            article_id=article.article_id,
            span=span,
            sentences=(span,),
            headings=(),
            paragraph=bisect_left(breaks, span.start) + 1,
            paragraph_count=len(breaks) + 1,
        )
        chunks.append(RankedPassage(passage, source, chunk, highlight=None, probability=0.0))
    return chunks


def _chunk_spans(start: int, end: int) -> list[Span]:
    spans: list[Span] = []
    while start < end and not (spans and spans[-1].end == end):
        spans.append(Span(start, min(start + CHUNK_CHARACTERS, end)))
        start += CHUNK_CHARACTERS - OVERLAP_CHARACTERS
    return spans


def _passage_id(article_id: str, text: str) -> str:
    content = f"{article_id}\0{text}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(content).hexdigest()[:16]


def _with_probability(ranked: RankedPassage, probability: float) -> RankedPassage:
    return RankedPassage(ranked.passage, ranked.source, ranked.text, ranked.highlight, probability)


def _unit_rows(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the rows at unit length, (n, d) float32; a row of zeros stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.ascontiguousarray(vectors / np.where(lengths == 0, 1, lengths), dtype=np.float32)
