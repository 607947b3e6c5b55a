"""How the texts of a generation are written; `index.texts` is the door to it.

The file is filled once, in a private folder that is thrown away where anything goes wrong.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

from index.errors import ArticleError, GenerationError
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
)
_INDEXES: Final = (
    "CREATE INDEX passages_by_id ON passages (passage_id)",
    "CREATE INDEX passages_by_key ON passages (vector_key)",
    "CREATE INDEX sentences_by_key ON sentences (vector_key)",
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
class TextCounts:
    """How many rows were written."""

    articles: int
    passages: int
    sentences: int


def article_fingerprint(article: Article) -> str:
    """Return the SHA-256, in hexadecimal, of everything the article says: text and metadata."""
    return hashlib.sha256(json.dumps(astuple(article)).encode("ascii")).hexdigest()


def write_texts(path: Path, pairs: Iterable[tuple[Article, Sequence[PassageRecord]]]) -> TextCounts:
    """Write articles with their passages to a new file, holding one article at a time.

    The file reaches the disk for certain only when the generation is published.

    Raises:
        ArticleError: A text holds a NUL character or a lone surrogate, which SQLite would change.
        FileExistsError: There is a file at `path`.
        GenerationError: The file cannot be written.
        ValueError: The records contradict each other: an article given twice, a passage of another
            article or before its forerunner, a span outside its text, a key of another length.
    """
    path.open("xb").close()
    finished = False
    try:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            # A file that was not finished is removed, so a journal to undo it would be in vain.
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("BEGIN")
            for statement in _TABLES:
                connection.execute(statement)
            counts = TextCounts(0, 0, 0)
            for article, records in pairs:
                counts = _write_article(connection, article, records, counts)
            for statement in _INDEXES:
                connection.execute(statement)
            connection.execute("COMMIT")
        finished = True
    except sqlite3.Error as error:
        raise GenerationError(
            f"The texts cannot be written to {path} ({error}); free space on the disk or mend its "
            "permissions, then run `footnote build`."
        ) from error
    finally:
        if not finished:
            path.unlink(missing_ok=True)
    return counts


def _write_article(
    connection: sqlite3.Connection, article: Article, records: Sequence[PassageRecord], counts: TextCounts
) -> TextCounts:
    _check_characters(article, records)
    try:
        connection.execute(
            "INSERT INTO articles VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            (
                counts.articles,
                article.article_id,
                article.body_start,
                article.title,
                article.language,
                article.url,
                article.author,
                article.published,
                json.dumps(article.tags),
                article_fingerprint(article),
                article.text,
            ),
        )
    except sqlite3.IntegrityError as error:
        raise ValueError(
            f"Article {article.article_id!r} was given twice; an id names one article."
        ) from error
    passage_row, sentence_row = counts.passages, counts.sentences
    earliest = 0
    for record in records:
        _check_record(article, record, earliest)
        passage = record.passage
        earliest = passage.span.start
        connection.execute(
            "INSERT INTO passages VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                passage_row,
                passage.passage_id,
                counts.articles,
                passage.span.start,
                passage.span.end,
                json.dumps(passage.headings),
                passage.paragraph,
                passage.paragraph_count,
                sentence_row,
                len(passage.sentences),
                record.key,
                passage.span.of(article.text),
            ),
        )
        connection.executemany(
            "INSERT INTO sentences VALUES (?,?,?,?,?)",
            (
                (row, passage_row, span.start, span.end, key)
                for row, (span, key) in enumerate(
                    zip(passage.sentences, record.sentence_keys, strict=True), start=sentence_row
                )
            ),
        )
        passage_row += 1
        sentence_row += len(passage.sentences)
    return TextCounts(counts.articles + 1, passage_row, sentence_row)


def _check_characters(article: Article, records: Sequence[PassageRecord]) -> None:
    optional = (article.url, article.author, article.published)
    strings = [article.article_id, article.text, article.title, article.language, *article.tags]
    strings += [value for value in optional if value is not None]
    for record in records:
        strings += [record.passage.passage_id, *record.passage.headings]
    for string in strings:
        position, kind = string.find("\0"), "a NUL character"
        if position < 0:
            try:
                string.encode()
            except UnicodeEncodeError as error:
                position, kind = error.start, "half of a surrogate pair"
        if position >= 0:
            raise ArticleError(
                f"Article {article.article_id!r} holds {kind} at character {position} of a text of "
                f"{len(string)}, which cannot be stored as it is; remove it from the file."
            )


def _check_record(article: Article, record: PassageRecord, earliest: int) -> None:
    passage = record.passage
    where = f"Passage {passage.passage_id!r} of article {article.article_id!r}"
    if passage.article_id != article.article_id:
        raise ValueError(f"{where} says that it belongs to article {passage.article_id!r}.")
    if not earliest <= passage.span.start <= passage.span.end <= len(article.text):
        raise ValueError(
            f"{where} has {passage.span}; expected one that starts at {earliest} or later, as the passage "
            f"before it, and ends by {len(article.text)}, as the text."
        )
    end = passage.span.start
    for sentence in passage.sentences:
        if not end <= sentence.start <= sentence.end <= passage.span.end:
            raise ValueError(
                f"{where} has {passage.span} and in it {sentence}; expected order and bounds kept."
            )
        end = sentence.end
    if not passage.sentences or len(passage.sentences) != len(record.sentence_keys):
        raise ValueError(
            f"{where} has {len(passage.sentences)} sentences and {len(record.sentence_keys)} keys for them; "
            "expected as many of one as of the other, and at least one."
        )
    for key in (record.key, *record.sentence_keys):
        if len(key) != KEY_BYTES:
            raise ValueError(f"{where} has a vector key of {len(key)} bytes; expected {KEY_BYTES}.")
