"""The texts, terms and words of a new generation, article by article, holding one at a time.

An article that did not change is taken over from the generation before: its rows are copied, and
nothing of it is cut or analysed again.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from index import layout
from index.analysis import analyzer
from index.earlier import EarlierArticle, Predecessor
from index.generation import ModelIdentity
from index.lexical import LexicalWriter
from index.recipe import recipe
from index.segment import Limits, segment
from index.spelling import count_words, read_words, write_words
from index.term_store import TermStore
from index.term_writer import PassageTerms, TermWriter
from index.texts import KEY_BYTES, FileNote, PassageRecord, TextCounts, TextWriter
from index.types import Article, Passage

_COPIED_AT_ONCE: Final = 256
"""Passages whose terms are in memory together."""


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive passages of a new generation that are all new, or all of them copied in one piece."""

    passages: int
    """How many passages."""
    sentences: int
    """How many sentences they have."""
    from_passage: int | None = None
    """The row of the first passage in the generation that they were copied from; None for new ones."""
    from_sentence: int | None = None
    """The same for the first sentence."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written."""

    counts: TextCounts
    languages: tuple[str, ...]
    """Of the articles, in alphabetical order."""
    runs: tuple[Run, ...]
    """Every passage, in the order of the rows."""


class GenerationWriter:
    """Writes everything but vectors; a context manager, at whose end no file is open."""

    def __init__(
        self, folder: Path, identity: ModelIdentity, limits: Limits, before: Predecessor | None
    ) -> None:
        """Begin in an empty folder.

        Args:
            folder: Of the new generation.
            identity: The encoder that the keys of vectors are for.
            limits: What passages are cut by.
            before: Where articles are taken over from; None where that is nowhere.
        """
        self._folder = folder
        self._identity = identity
        self._limits = limits
        self._before = before
        for name in (layout.TERMS, layout.LEXICAL):
            (folder / name).mkdir()
        earlier = None if before is None else before.generation.path / layout.TEXTS
        self._texts = TextWriter(folder / layout.TEXTS, earlier)
        self._terms = TermWriter(folder / layout.TERMS)
        self._lexical = LexicalWriter(folder / layout.LEXICAL)
        self._earlier_terms = (
            None if before is None else TermStore.open(before.generation.path / layout.TERMS)
        )
        self._words: Counter[str] = Counter()
        self._languages: set[str] = set()
        self._runs: list[Run] = []
        self._waiting: list[EarlierArticle] = []
        self._copied: list[tuple[int, int]] = []

    def add(self, article: Article, note: FileNote) -> None:
        """Add the next article, cut and analysed.

        Raises:
            ArticleError: It holds a character that cannot be stored.
            GenerationError: The files cannot be written.
        """
        self._copy_waiting()
        records = records_of(article, self._limits, self._identity)
        self._texts.add(article, records, note)
        self._languages.add(article.language)
        analyse = analyzer(article.language).terms
        for record in records:
            passage = record.passage
            context = analyse(" . ".join((article.title, *passage.headings)))
            sentences = [analyse(span.of(article.text)) for span in passage.sentences]
            self._index(self._terms.add(sentences, context, article.language))
        self._words.update(count_words(record.passage.span.of(article.text) for record in records))
        self._note_run(Run(len(records), sum(len(record.sentence_keys) for record in records)))

    def take_over(self, article: EarlierArticle) -> None:
        """Add the next article as the generation before has it.

        Raises:
            GenerationError: The files cannot be written.
        """
        if self._waiting and self._waiting[-1].row + 1 != article.row:
            self._copy_waiting()
        # Only the first and the last of consecutive ones are needed.
        self._waiting[1:] = [article]
        self._languages.add(article.language)

    def finish(self) -> Written:
        """Write what is left.

        Raises:
            GenerationError: The files cannot be written.
        """
        self._copy_waiting()
        languages = tuple(sorted(self._languages))
        counts = self._texts.finish(recipe())
        self._terms.finish(languages)
        self._lexical.finish()
        write_words(self._folder / layout.WORDS, self._all_words())
        return Written(counts, languages, tuple(self._runs))

    def __enter__(self) -> Self:
        """Return this writer."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the files."""
        self._texts.close()
        self._terms.close()

    def _copy_waiting(self) -> None:
        if not self._waiting:
            return
        first, last = self._waiting[0], self._waiting[-1]
        self._waiting = []
        assert self._before is not None
        assert self._earlier_terms is not None
        self._texts.copy(first.row, last.row + 1)
        end = last.first_passage + last.passage_count
        languages = self._before.generation.manifest.languages
        for start in range(first.first_passage, end, _COPIED_AT_ONCE):
            until = min(end, start + _COPIED_AT_ONCE)
            for terms in self._terms.copy(self._earlier_terms, start, until, languages):
                self._index(terms)
        self._copied.append((first.row, last.row + 1))
        sentences = last.first_sentence + last.sentence_count - first.first_sentence
        self._note_run(Run(end - first.first_passage, sentences, first.first_passage, first.first_sentence))

    def _index(self, terms: PassageTerms) -> None:
        self._lexical.add(terms.stems, terms.grams)

    def _note_run(self, run: Run) -> None:
        last = self._runs[-1] if self._runs else None
        if last is not None and last.from_passage is None and run.from_passage is None:
            self._runs[-1] = Run(last.passages + run.passages, last.sentences + run.sentences)
        else:
            self._runs.append(run)

    def _all_words(self) -> Counter[str]:
        """Return the words of all articles: those of before, less what went, and the new ones."""
        if not self._copied:
            return self._words
        assert self._before is not None
        words = read_words(self._before.generation.path / layout.WORDS)
        for first, last in _gaps(self._copied, self._before.generation.manifest.articles):
            words.subtract(count_words(self._before.texts.passage_texts(first, last)))
        words.update(self._words)
        return +words


def records_of(article: Article, limits: Limits, identity: ModelIdentity) -> tuple[PassageRecord, ...]:
    """Return the passages of an article, with the keys of their vectors and their sentences'."""

    def record(passage: Passage) -> PassageRecord:
        return PassageRecord(
            passage=passage,
            key=vector_key(identity, passage.span.of(article.text)),
            sentence_keys=tuple(vector_key(identity, span.of(article.text)) for span in passage.sentences),
        )

    return tuple(record(passage) for passage in segment(article, limits))


def vector_key(identity: ModelIdentity, text: str) -> bytes:
    """Return 16 bytes that differ wherever the encoder, its prompt or the text does."""
    seen = "\0".join((identity.weights_sha256, identity.passage_prompt, text))
    return hashlib.blake2b(seen.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()


def _gaps(ranges: Sequence[tuple[int, int]], end: int) -> Iterator[tuple[int, int]]:
    """Yield what ascending ranges of the rows from 0 to below `end` leave out."""
    start = 0
    for first, last in ranges:
        if start < first:
            yield start, first
        start = last
    if start < end:
        yield start, end
