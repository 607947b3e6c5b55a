"""How the texts of a generation are written; `index.texts` is the door to it.

The file is filled once, in a private folder that is thrown away where anything goes wrong.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final, Self

from index.errors import GenerationError
from index.text_checks import check_characters, check_passage
from index.types import Article, Passage

KEY_BYTES: Final = 16
"""The length of a vector key."""

# Texts come last in their tables: SQLite walks the pages of a long value to reach what follows it.
_TABLES: Final = (
    "CREATE TABLE articles (row INTEGER PRIMARY KEY, article_id TEXT NOT NULL UNIQUE,"
    " body_start INTEGER NOT NULL, title TEXT NOT NULL, language TEXT NOT NULL, url TEXT, author TEXT,"
    " published TEXT, tags TEXT NOT NULL, fingerprint TEXT NOT NULL, text TEXT NOT NULL)",
    "CREATE TABLE passages (row INTEGER PRIMARY KEY, passage_id TEXT NOT NULL, article_row INTEGER NOT NULL,"
    " span_start INTEGER NOT NULL, span_end INTEGER NOT NULL, headings TEXT NOT NULL,"
    " paragraph INTEGER NOT NULL, paragraph_count INTEGER NOT NULL, first_sentence INTEGER NOT NULL,"
    " sentence_count INTEGER NOT NULL, vector_key BLOB NOT NULL, text TEXT NOT NULL)",
    "CREATE TABLE sentences (row INTEGER PRIMARY KEY, passage_row INTEGER NOT NULL,"
    " span_start INTEGER NOT NULL, span_end INTEGER NOT NULL, vector_key BLOB NOT NULL)",
    "CREATE TABLE files (article_row INTEGER PRIMARY KEY, digest BLOB NOT NULL, notices TEXT NOT NULL,"
    " first_passage INTEGER NOT NULL, passage_count INTEGER NOT NULL, first_sentence INTEGER NOT NULL,"
    " sentence_count INTEGER NOT NULL)",
    "CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)
_INDEXES: Final = (
    "CREATE INDEX passages_by_id ON passages (passage_id)",
    "CREATE INDEX passages_by_key ON passages (vector_key)",
    "CREATE INDEX sentences_by_key ON sentences (vector_key)",
)
_COPIES: Final = (
    "INSERT INTO articles SELECT row + :article, article_id, body_start, title, language, url, author,"
    " published, tags, fingerprint, text FROM earlier.articles WHERE row BETWEEN :first AND :last",
    "INSERT INTO passages SELECT row + :passage, passage_id, article_row + :article, span_start, span_end,"
    " headings, paragraph, paragraph_count, first_sentence + :sentence, sentence_count, vector_key, text"
    " FROM earlier.passages WHERE row BETWEEN :first_passage AND :last_passage",
    "INSERT INTO sentences SELECT row + :sentence, passage_row + :passage, span_start, span_end, vector_key"
    " FROM earlier.sentences WHERE row BETWEEN :first_sentence AND :last_sentence",
    "INSERT INTO files SELECT article_row + :article, digest, notices, first_passage + :passage,"
    " passage_count, first_sentence + :sentence, sentence_count FROM earlier.files"
    " WHERE article_row BETWEEN :first AND :last",
)


@dataclass(frozen=True, slots=True)
class PassageRecord:
    """A passage to be written, with the keys under which a later build finds its vectors again."""

    passage: Passage
    key: bytes
    """16 bytes: the hash of what the encoder saw of the passage."""
    sentence_keys: tuple[bytes, ...]
    """The same for each sentence, in the order of `passage.sentences`."""


@dataclass(frozen=True, slots=True)
class FileNote:
    """What a later build needs to know the file of an article again without reading its text."""

    digest: bytes
    """`index.articles.file_digest` of it; empty where a later build is to read it in any case."""
    notices: tuple[str, ...]
    """What had to be assumed to read it."""


_NO_NOTE: Final = FileNote(b"", ())


@dataclass(frozen=True, slots=True)
class TextCounts:
    """How many rows were written."""

    articles: int
    passages: int
    sentences: int


def article_fingerprint(article: Article) -> str:
    """Return the SHA-256, in hexadecimal, of everything the article says: text and metadata."""
    return hashlib.sha256(json.dumps(astuple(article)).encode("ascii")).hexdigest()


class TextWriter:
    """Writes the texts of a generation; a context manager that leaves no file unless it was finished.

    The file reaches the disk for certain only when the generation is published.
    """

    def __init__(self, path: Path, earlier: Path | None = None) -> None:
        """Begin a new file.

        Args:
            path: There is no file yet.
            earlier: Another such file, whose articles may be copied.

        Raises:
            FileExistsError: There is a file at `path`.
            GenerationError: The file cannot be written, or the earlier one cannot be read.
        """
        path.open("xb").close()
        self._path = path
        self._finished = False
        self.counts = TextCounts(0, 0, 0)
        """What has been added so far."""
        self._connection = sqlite3.connect(path.absolute().as_uri(), uri=True, isolation_level=None)
        try:
            with self._explaining():
                # A file that was not finished is removed, so a journal to undo it would be in vain.
                self._connection.execute("PRAGMA journal_mode = OFF")
                self._connection.execute("PRAGMA synchronous = OFF")
                if earlier is not None:
                    uri = f"{earlier.absolute().as_uri()}?mode=ro&immutable=1"
                    self._connection.execute("ATTACH ? AS earlier", (uri,))
                self._connection.execute("BEGIN")
                for statement in _TABLES:
                    self._connection.execute(statement)
        except BaseException:
            self.close()
            raise

    def add(
        self,
        article: Article,
        records: Sequence[PassageRecord],
        file: FileNote = _NO_NOTE,
    ) -> None:
        """Add the next article with its passages.

        Args:
            article: It holds no NUL character and no lone surrogate, which SQLite would change.
            records: Its passages, in order.
            file: What a later build needs to know the article's file again.

        Raises:
            ArticleError: A text holds such a character.
            GenerationError: The file cannot be written.
            ValueError: The records contradict each other: an article given twice, a passage of another
                article or before its forerunner, a span outside its text, a key of another length.
        """
        check_characters(article, (record.passage for record in records))
        earliest = 0
        for record in records:
            _check_record(article, record, earliest)
            earliest = record.passage.span.start
        with self._explaining():
            self._add_article(article, file, records)
            row, sentence_row = self.counts.passages, self.counts.sentences
            for record in records:
                self._add_passage(article, record, row, sentence_row)
                row += 1
                sentence_row += len(record.sentence_keys)
        self.counts = TextCounts(self.counts.articles + 1, row, sentence_row)

    def copy(self, first_article: int, last_article: int) -> None:
        """Add articles of the earlier file as they are, with all that belongs to them.

        Args:
            first_article: The row of the first one there.
            last_article: The row after the last one.

        Raises:
            GenerationError: The file cannot be written, or the earlier one cannot be read.
            ValueError: One of them was added before.
        """
        with self._explaining():
            bounds = (first_article, last_article - 1)
            first_passage, passages, first_sentence, sentences = self._connection.execute(
                "SELECT MIN(first_passage), SUM(passage_count), MIN(first_sentence), SUM(sentence_count)"
                " FROM earlier.files WHERE article_row BETWEEN ? AND ?",
                bounds,
            ).fetchone()
            shifts = {
                "article": self.counts.articles - first_article,
                "passage": self.counts.passages - first_passage,
                "sentence": self.counts.sentences - first_sentence,
                "first": first_article,
                "last": last_article - 1,
                "first_passage": first_passage,
                "last_passage": first_passage + passages - 1,
                "first_sentence": first_sentence,
                "last_sentence": first_sentence + sentences - 1,
            }
            try:
                for statement in _COPIES:
                    self._connection.execute(statement, shifts)
            except sqlite3.IntegrityError as error:
                raise ValueError(
                    f"An article of rows {first_article} to {last_article - 1} was added before."
                ) from error
        self.counts = TextCounts(
            self.counts.articles + last_article - first_article,
            self.counts.passages + passages,
            self.counts.sentences + sentences,
        )

    def finish(self, recipe: str = "") -> TextCounts:
        """Write what is left, and return how many rows there are; nothing can be added afterwards.

        Args:
            recipe: By what code the articles were read and cut; only the same one may take them over.

        Raises:
            GenerationError: The file cannot be written.
        """
        with self._explaining():
            for statement in _INDEXES:
                self._connection.execute(statement)
            self._connection.execute("INSERT INTO about VALUES ('recipe', ?)", (recipe,))
            self._connection.execute("COMMIT")
        self._finished = True
        self.close()
        return self.counts

    def close(self) -> None:
        """Close the file, and remove it where it was not finished; closing again does nothing."""
        self._connection.close()
        if not self._finished:
            self._path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        """Return this writer, to be closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def _add_article(self, article: Article, file: FileNote, records: Sequence[PassageRecord]) -> None:
        row = self.counts.articles
        fields = (
            *(row, article.article_id, article.body_start, article.title, article.language, article.url),
            *(article.author, article.published, json.dumps(article.tags), article_fingerprint(article)),
            article.text,
        )
        try:
            self._connection.execute("INSERT INTO articles VALUES (?,?,?,?,?,?,?,?,?,?,?)", fields)
        except sqlite3.IntegrityError as error:
            raise ValueError(
                f"Article {article.article_id!r} was given twice; an id names one article."
            ) from error
        self._connection.execute(
            "INSERT INTO files VALUES (?,?,?,?,?,?,?)",
            (
                *(row, file.digest, json.dumps(file.notices)),
                *(self.counts.passages, len(records)),
                *(self.counts.sentences, sum(len(record.sentence_keys) for record in records)),
            ),
        )

    def _add_passage(self, article: Article, record: PassageRecord, row: int, sentence_row: int) -> None:
        passage = record.passage
        self._connection.execute(
            "INSERT INTO passages VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                *(row, passage.passage_id, self.counts.articles, passage.span.start, passage.span.end),
                *(json.dumps(passage.headings), passage.paragraph, passage.paragraph_count),
                *(sentence_row, len(passage.sentences), record.key, passage.span.of(article.text)),
            ),
        )
        pairs = zip(passage.sentences, record.sentence_keys, strict=True)
        self._connection.executemany(
            "INSERT INTO sentences VALUES (?,?,?,?,?)",
            (
                (number, row, span.start, span.end, key)
                for number, (span, key) in enumerate(pairs, start=sentence_row)
            ),
        )

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise GenerationError(
                f"The texts cannot be written to {self._path} ({error}); free space on the disk or mend its "
                "permissions, then run `footnote build`."
            ) from error


def _check_record(article: Article, record: PassageRecord, earliest: int) -> None:
    passage = record.passage
    check_passage(article, passage, earliest)
    where = f"Passage {passage.passage_id!r} of article {article.article_id!r}"
    if not passage.sentences or len(passage.sentences) != len(record.sentence_keys):
        raise ValueError(
            f"{where} has {len(passage.sentences)} sentences and {len(record.sentence_keys)} keys for them; "
            "expected as many of one as of the other, and at least one."
        )
    for key in (record.key, *record.sentence_keys):
        if len(key) != KEY_BYTES:
            raise ValueError(f"{where} has a vector key of {len(key)} bytes; expected {KEY_BYTES}.")
