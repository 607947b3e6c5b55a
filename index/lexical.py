"""BM25 over the language's own tokens: finds candidates by their words. The only importer of tantivy.

Terms are kept as their hashes, in hexadecimal: a build takes those of an article that did not change
from the term store and analyses nothing again, and no question can be a malformed query. Two terms of
the same hash are one here, as they are in the term store.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Final

import numpy as np
import tantivy
from numpy.typing import NDArray

from index.errors import DamagedGenerationError
from index.term_hashes import hashed_terms

__all__ = ["LexicalIndex", "LexicalWriter", "Stemmer"]

_STEMMERS: Final = {
    "ar": "arabic",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nb": "norwegian",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}
"""ISO 639-1 code to the name of tantivy's (Snowball's) stemmer."""

_WITH_STOP_WORDS: Final = frozenset(_STEMMERS.values()) - {"arabic", "greek", "romanian", "tamil", "turkish"}
"""The stemmers' languages for which tantivy has stop words too."""

_FIELDS: Final = ("stems", "grams")
_WRITER_BYTES: Final = 64 * 1024 * 1024
_COMMIT_EVERY: Final = 20_000
_SYSTEM_ERROR: Final = re.compile(r"\(os error ([0-9]+)\)")
"""In the messages of tantivy's errors, which have no number of their own."""
_LONGEST_QUERY: Final = 400
"""Terms of one question that are searched; a question of 1,000 characters has fewer."""
_MOST_POSTINGS: Final = 1_000_000
"""Passages that the terms searched stand in, added up. At a million passages of generated text all terms
of a question took 40 ms, and those up to here 10: what they leave out stands in a tenth of all passages
and tells little apart. The evidence of what is found is weighed by all terms, whatever found it."""


class Stemmer:
    """The stems and stop words of one language; words of a language without a stemmer stay as they are."""

    def __init__(self, language: str) -> None:
        """Choose by ISO 639-1 code."""
        name = _STEMMERS.get(language)
        self._stem = _whitespace(tantivy.Filter.stemmer(name)) if name else None
        self._without_stop_words = (
            _whitespace(tantivy.Filter.lowercase(), tantivy.Filter.stopword(name))
            if name in _WITH_STOP_WORDS
            else None
        )

    def stems(self, words: Sequence[str]) -> list[str]:
        """Return the stem of each word, in order; words hold no white space."""
        if self._stem is None or not words:
            return list(words)
        stems: list[str] = self._stem.analyze(" ".join(words))
        return stems

    def content_words(self, words: Sequence[str]) -> list[str]:
        """Return the words that are not stop words, in order."""
        if self._without_stop_words is None or not words:
            return list(words)
        content: list[str] = self._without_stop_words.analyze(" ".join(words))
        return content


class LexicalIndex:
    """The passages of one generation, found by their terms. Safe to share between threads."""

    def __init__(self, index: tantivy.Index) -> None:
        """Take over an open index; `LexicalIndex.open` is the way in."""
        self._schema = index.schema
        self._searcher = index.searcher()

    @classmethod
    def open(cls, folder: Path) -> LexicalIndex:
        """Open what `LexicalWriter` wrote.

        Raises:
            DamagedGenerationError: The folder holds no such index.
        """
        try:
            return cls(tantivy.Index.open(str(folder)))
        except ValueError as error:
            raise DamagedGenerationError(
                f"The word index in {folder} cannot be opened ({error}); run `footnote rollback` or "
                "`footnote build`."
            ) from error

    @property
    def passage_count(self) -> int:
        """How many passages there are."""
        count: int = self._searcher.num_docs
        return count

    def search(self, stems: Sequence[str], grams: Sequence[str], limit: int) -> NDArray[np.int64]:
        """Return the rows of the passages with the highest BM25 of stems and grams together.

        Passages that share no term are not among them. Best first, (at most `limit`,) int64.
        """
        named = [
            (field, term)
            for field, terms in zip(_FIELDS, (stems, grams), strict=True)
            for term in list(dict.fromkeys(_written(hashed_terms(terms)).split()))[:_LONGEST_QUERY]
        ]
        wanted = [
            (tantivy.Occur.Should, tantivy.Query.term_query(self._schema, field, term))
            for field, term in self._rarest(named)
        ]
        if not wanted or limit < 1 or not self.passage_count:
            return np.empty(0, np.int64)
        hits = self._searcher.search(tantivy.Query.boolean_query(wanted), limit, count=False).hits
        rows = self._searcher.fast_field_values("row", [address for _, address in hits])
        return np.array(rows, dtype=np.int64)

    def _rarest(self, terms: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return the rarest of the terms: those before which there are less than `_MOST_POSTINGS`."""
        if len(terms) * self.passage_count <= _MOST_POSTINGS:
            return terms
        frequencies = [self._searcher.doc_freq(field, term) for field, term in terms]
        rarest_first = sorted(range(len(terms)), key=frequencies.__getitem__)
        before = accumulate((frequencies[number] for number in rarest_first), initial=0)
        kept = {number for number, total in zip(rarest_first, before, strict=False) if total < _MOST_POSTINGS}
        return [term for number, term in enumerate(terms) if number in kept]


class LexicalWriter:
    """Writes the index of a collection, passage by passage."""

    def __init__(self, folder: Path) -> None:
        """Begin in an empty folder.

        Raises:
            OSError: The disk is full or fails, here or in a method.
        """
        builder = tantivy.SchemaBuilder()
        for field in _FIELDS:
            builder.add_text_field(field, stored=False, tokenizer_name="whitespace", index_option="freq")
        builder.add_integer_field("row", stored=False, fast=True)
        self._folder = folder
        with _disk_errors(folder):
            index = tantivy.Index(builder.build(), path=str(folder))
            index.register_tokenizer("whitespace", _whitespace())
            # One thread: the documents' order, and with it every file's content, does not hang on timing.
            self._writer = index.writer(heap_size=_WRITER_BYTES, num_threads=1)
        self._count = 0

    def add(self, stems: NDArray[np.uint32], grams: NDArray[np.uint32]) -> None:
        """Add the next row: a passage's terms, hashed by `hashed_terms`, repetitions included."""
        document = tantivy.Document(stems=_written(stems), grams=_written(grams), row=self._count)
        with _disk_errors(self._folder):
            try:
                self._writer.add_document(document)
            except ValueError:
                # The thread that writes has ended; why, a commit says.
                self._writer.commit()
                raise
            self._count += 1
            if self._count % _COMMIT_EVERY == 0:
                self._writer.commit()

    def finish(self) -> None:
        """Write what is left, for `LexicalIndex.open`; nothing can be added afterwards."""
        with _disk_errors(self._folder):
            self._writer.commit()
            self._writer.wait_merging_threads()


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    """Turn what tantivy says where the system refuses to write into what Python says."""
    try:
        yield
    except ValueError as error:
        number = _SYSTEM_ERROR.search(str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(folder)) from error


def _written(hashes: NDArray[np.uint32]) -> str:
    """Return hashes as words of eight hexadecimal digits, with spaces between."""
    return hashes.astype(">u4").tobytes().hex(" ", 4)


def _whitespace(*filters: tantivy.Filter) -> tantivy.TextAnalyzer:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    for each in filters:
        builder = builder.filter(each)
    return builder.build()
